// What is chosen. Views are redrawn when what they look at has changed; the address keeps it for a reload.

const DASHES = 4;
const SUGGESTED = 5;
const SHAPES = ["circle", "square", "diamond", "triangle", "cross", "down", "hourglass"]; // as many as colours

class State {
  constructor(data) {
    this.data = data;
    this.views = [];
    this.board = 0;
    this.attribute = 0;
    this.metric = this.measures().at(-1).name;
    this.from = this.to = this.search = this.find = "";
    this.sources = new Set(Object.keys(data.sources));
    this.sort = { key: "metric", down: true };
    this.listing = { key: "spread", down: true };
    this.opened = new Set();
    this.reference = this.rival = ""; // names of the two trackers compared; where one is not there, the best are
    this.among = "all"; // who is compared: all that were scored here, or the ticked ones
    this.signed = 0; // how many times signs were drawn: p-values can then be told
    this.frame = 0;
    this.filtering = innerWidth > 768; // a phone shows the leaderboard first
    this.order = this.ranked();
    this.chosen = null; // until somebody chooses: the best of each benchmark
    this.recall();
    this.suggested = this.chosen === null;
    this.suggest();
    this.sequence = this.sequence ?? this.firstSequence();
  }

  get shown() {
    return this.data.boards[this.board];
  }
  get m() {
    return Math.max(
      0,
      this.measures().findIndex((measure) => measure.name === this.metric),
    );
  }
  get measure() {
    return this.measures()[this.m];
  }
  measures() {
    return this.shown.measures;
  }

  // Every scored tracker once, by its score on the first benchmark that has it, best first.
  ranked() {
    const found = new Map();
    for (const board of this.data.boards)
      board.scored.forEach(({ name }, k) => {
        if (!found.has(name)) found.set(name, scoreOf(this.data, board, k, board.measures.length - 1, 0).value ?? -1);
      });
    return [...found.keys()].sort((a, b) => found.get(b) - found.get(a));
  }

  // Chosen trackers of this benchmark: index in its arrays, name, and how it is drawn.
  picked() {
    return this.shown.scored
      .map((tracker, k) => ({ k, name: tracker.name, order: this.order.indexOf(tracker.name) }))
      .filter(({ name }) => this.chosen.has(name))
      .sort((a, b) => a.order - b.order);
  }

  // A tracker's colour comes from its name; trackers of one colour differ by dashes and marks.
  look(name) {
    const { colours } = this.data;
    const alike = Object.keys(colours)
      .filter((other) => colours[other] === colours[name])
      .sort();
    const turn = alike.indexOf(name);
    return {
      colour: `c${colours[name]}`,
      dash: `d${turn % DASHES}`,
      shape: SHAPES[(colours[name] + turn) % SHAPES.length],
    };
  }

  suggest() {
    if (!this.suggested) return;
    const here = new Set(this.shown.scored.map(({ name }) => name));
    this.chosen = new Set(this.order.filter((name) => here.has(name)).slice(0, SUGGESTED));
  }

  // The sequence that tells most: where the chosen differ most, among those with pictures if there are any.
  firstSequence() {
    const pictured = Object.keys(this.shown.strips).map(Number);
    const all = pictured.length ? pictured : this.shown.sequences.map((_, s) => s);
    return all.reduce((best, s) => (this.spread(s) > this.spread(best) ? s : best), all[0]);
  }

  spread(s) {
    const values = this.picked()
      .map(({ k }) => singleOf(this.data, this.shown, k, this.m, s))
      .filter((v) => v !== null);
    return values.length ? Math.max(...values) - Math.min(...values) : 0;
  }

  set(changes) {
    const other = "board" in changes && changes.board !== this.board;
    const attribute = this.shown.attributes[this.attribute].name;
    Object.assign(this, changes);
    if ("chosen" in changes) this.suggested = false;
    if (other) {
      this.suggest();
      this.attribute = attributeAt(this.shown, attribute);
      countCombination(this.data, this.shown, this.attribute);
      if (!this.measures().some(({ name }) => name === this.metric)) this.metric = this.measures().at(-1).name;
      this.sequence = this.firstSequence();
    }
    if ("sequence" in changes || other) this.frame = 0;
    this.draw();
    this.keep();
  }

  toggle(name, set, key) {
    const changed = new Set(set);
    if (!changed.delete(key)) changed.add(key);
    this.set({ [name]: changed });
  }

  // needs: what a view looks at; it is drawn again only when that differs from the last time. later: the id of a place
  // that takes long to draw, after the others are seen.
  view(needs, draw, later = null) {
    this.views.push({ needs, draw, later, last: null });
  }

  draw() {
    const back = place();
    for (const view of this.views) {
      const now = JSON.stringify(view.needs(this), (_, value) => (value instanceof Set ? [...value] : value));
      if (now !== view.last) {
        const first = view.last === null;
        view.last = now;
        if (view.later && !first) this.delay(view);
        else view.draw(this);
      }
    }
    back();
  }

  delay(view) {
    clearTimeout(view.waiting);
    byId(view.later).setAttribute("aria-busy", "true");
    view.waiting = setTimeout(() => {
      const back = place();
      view.draw(this);
      back();
      byId(view.later).removeAttribute("aria-busy");
    });
  }

  // After the drawing, which it would delay.
  keep() {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.address(), 20);
  }

  address() {
    const words = { b: this.shown.title, m: this.metric, a: this.shown.attributes[this.attribute].name };
    words.q = this.shown.sequences[this.sequence];
    if (this.reference) words.ref = this.reference;
    if (this.rival) words.rival = this.rival;
    if (this.among !== "all") words.among = this.among;
    if (!this.suggested) words.t = JSON.stringify([...this.chosen]);
    try {
      history.replaceState(null, "", `#${new URLSearchParams(words)}`);
    } catch {
      /* some viewers show files without an address */
    }
  }

  recall() {
    const words = new URLSearchParams(location.hash.slice(1));
    const index = (list, word) => Math.max(0, list.indexOf(word));
    this.board = index(
      this.data.boards.map(({ title }) => title),
      words.get("b"),
    );
    this.attribute = attributeAt(this.shown, words.get("a"));
    countCombination(this.data, this.shown, this.attribute);
    const metrics = this.measures().map(({ name }) => name);
    this.metric = metrics.includes(words.get("m")) ? words.get("m") : metrics.at(-1);
    this.reference = words.get("ref") ?? "";
    this.rival = words.get("rival") ?? "";
    this.among = words.get("among") === "ticked" ? "ticked" : "all";
    const found = this.shown.sequences.indexOf(words.get("q"));
    this.sequence = found < 0 ? undefined : found;
    try {
      const names = JSON.parse(words.get("t")) ?? [];
      if (names.length) this.chosen = new Set(this.order.filter((name) => names.includes(name)));
    } catch {
      /* not ours */
    }
  }
}
