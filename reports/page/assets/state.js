// What is chosen. Views are redrawn when what they look at has changed; the address keeps it for a reload.

const DASHES = 4;
const SUGGESTED = 5;
const PATIENCE = 30; // ms of drawing, after which whoever does something is heard
const SHAPES = ["circle", "square", "diamond", "triangle", "cross", "down", "hourglass"]; // as many as colours

// How good a tracker is on a benchmark; the truth is below all.
const merit = (data, board, tracker, k) =>
  tracker.is_truth ? -2 : (scoreOf(data, board, k, board.measures.length - 1, 0).value ?? -1);

// Whether any of a view is on the screen; so is what has no place, and what may come out of hiding when it is drawn.
// Its part of the page is asked first: the browser need not lay out what is in a part that nobody sees.
const onScreen = ({ place }) => [place?.closest("main > *"), place].every((node) => !node || touchesScreen(node));
const touchesScreen = (node) => {
  const { top, bottom, height } = node.getBoundingClientRect();
  return height === 0 ? top <= innerHeight : top < innerHeight && bottom > 0;
};

// All parts are drawn and have been laid out: from now on the browser may leave out those that nobody sees.
const settle = () => document.documentElement.setAttribute("data-settled", "");

// What other benchmarks, metrics and attributes need, before anybody asks for them. Attributes of the usual view alone:
// each takes room.
const workAhead = function* (data) {
  const boards = data.boards.filter(({ scored }) => scored.length);
  for (const board of boards) {
    yield resamplesOf(data, board.sequences.length);
    for (let m = 0; m < board.measures.length; m++) yield singlesOf(data, board, m);
  }
  for (const board of boards.slice(0, 1))
    for (const a of board.attributes.keys()) yield drawnScores(data, board, board.measures.length - 1, a);
};

class State {
  constructor(data) {
    this.data = data;
    this.views = [];
    this.drops = 0; // changes of what is dropped onto the page, which all views show
    this.order = this.ranked();
    this.ahead = workAhead(data);
    this.filtering = innerWidth > 768; // a phone shows the leaderboard first
    this.recall();
  }

  // The usual view.
  reset() {
    const { data } = this;
    this.board = 0;
    this.attribute = 0;
    this.metric = this.measures().at(-1).name;
    this.from = this.to = this.search = this.find = "";
    this.sources = new Set(Object.keys(data.sources));
    this.sort = DEFAULTS.sort;
    this.listing = DEFAULTS.listing;
    this.threshold = {}; // metric -> where its curves are read
    this.opened = new Set();
    this.reference = this.rival = ""; // names of the two trackers compared; where one is not there, the best are
    this.among = "all"; // who is compared: all that were scored here, or the ticked ones
    this.signed = 0; // how many times signs were drawn: p-values can then be told
    this.frame = 0;
    this.chosen = new Set(); // names of any benchmark; where none of them is, the best are drawn
    this.against = "year"; // what scores are drawn against, a key of AGAINST
    this.hardware = ""; // speeds of this alone, or of all
    this.apart = true; // trackers scored here stand before the printed ones
    this.sequence = undefined;
    this.goal = ""; // the part of the page to go to
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

  // Every scored tracker once, by its score on the first benchmark that has it, best first, truths last.
  ranked() {
    const found = new Map();
    for (const board of this.data.boards)
      board.scored.forEach((tracker, k) => {
        if (!found.has(tracker.name)) found.set(tracker.name, merit(this.data, board, tracker, k));
      });
    return [...found.keys()].sort((a, b) => found.get(b) - found.get(a));
  }

  // Chosen trackers of this benchmark: index in its arrays, name, and how it is drawn.
  picked() {
    const { ticked } = this;
    return this.shown.scored
      .map((tracker, k) => ({ k, name: tracker.name, order: this.order.indexOf(tracker.name) }))
      .filter(({ name }) => ticked.has(name))
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

  // What is drawn of this benchmark, and ticked: the chosen ones, or the best where none of them is here.
  get ticked() {
    const here = this.shown.scored.filter(({ name }) => this.chosen.has(name));
    return new Set(here.length ? here.map(({ name }) => name) : this.best());
  }

  best() {
    const known = this.shown.scored.map((tracker, k) => [merit(this.data, this.shown, tracker, k), tracker.name]);
    return known
      .sort(([a], [b]) => b - a)
      .slice(0, SUGGESTED)
      .filter(([value], i) => value >= 0 || !i)
      .map(([, name]) => name);
  }

  tick(name) {
    const { ticked } = this;
    const others = [...this.chosen].filter((other) => !this.shown.scored.some((tracker) => tracker.name === other));
    if (!ticked.delete(name)) ticked.add(name);
    this.set({ chosen: new Set([...others, ...ticked]) });
  }

  // The sequence that tells most: where the chosen differ most, among those with pictures if there are any.
  firstSequence() {
    const pictured = Object.keys(this.shown.strips).map(Number);
    const all = pictured.length ? pictured : this.shown.sequences.map((_, s) => s);
    const picked = this.picked();
    const spread = (s) => {
      const values = picked.map(({ k }) => singleOf(this.data, this.shown, k, this.m, s)).filter((v) => v !== null);
      return values.length ? Math.max(...values) - Math.min(...values) : 0;
    };
    const spreads = all.map(spread);
    return all[spreads.indexOf(Math.max(...spreads))];
  }

  set(changes) {
    const other = "board" in changes && changes.board !== this.board;
    const attribute = this.shown.attributes[this.attribute].name;
    Object.assign(this, changes);
    if (other) {
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

  // id: the place of a view, or null if it has to be right at once, wherever the reader is. needs: what it looks at; it
  // is drawn again only when that differs from the last time. draw may leave a part for later, and answers what draws
  // that.
  view(id, needs, draw) {
    this.views.push({ place: id && byId(id), needs, draw, last: null, next: null });
  }

  // What is in sight is drawn now, the rest when the screen shows that.
  draw() {
    for (const view of this.views) {
      const plain = (_, value) => (value instanceof Set ? [...value] : value);
      const now = JSON.stringify([this.drops, view.needs(this)], plain);
      if (now === view.last) continue;
      view.last = now;
      view.next = view.draw;
      view.place?.setAttribute("aria-busy", "true");
    }
    this.catchUp();
    cancelAnimationFrame(this.frameBefore);
    clearTimeout(this.resting);
    this.frameBefore = requestAnimationFrame(() => {
      this.resting = setTimeout(() => this.rest());
    });
  }

  // Draws those of the old views that are wanted, from the top of the page on: what stands above moves what is below.
  // whole: also what they leave for later.
  catchUp(wanted = onScreen, whole = false) {
    if (!this.views.some(({ next }) => next)) return;
    const back = place();
    for (const view of this.views) while ((whole ? view.next : view.next === view.draw) && wanted(view)) this.go(view);
    back();
    relight(document);
  }

  // Draws a view, or its next part.
  go(view) {
    view.next = view.next(this) ?? null;
    view.place?.removeAttribute("aria-busy");
    view.place?.toggleAttribute("data-more", Boolean(view.next));
    drawCharts(view.place);
  }

  // A few of them, so that the page can answer in between; each time costs a layout of its own.
  rest() {
    const start = performance.now();
    this.catchUp(() => performance.now() - start < PATIENCE, true);
    const more = this.views.some(({ next }) => next) || !this.ahead.next().done;
    if (more) this.resting = setTimeout(() => this.rest());
    else requestAnimationFrame(() => setTimeout(settle));
  }

  // All of the page, as paper needs it.
  hurry() {
    this.catchUp(() => true, true);
  }

  // After the drawing, which it would delay.
  keep() {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.address(), 20);
  }

  address() {
    try {
      history.replaceState(null, "", `#${wordsOf(this)}`);
    } catch {
      /* some viewers show files without an address */
    }
  }

  // The view that the address tells: the usual one, but for what it says. An address without "=" names a place.
  recall() {
    const address = location.hash.slice(1);
    this.reset();
    this.unknown = address.includes("=") ? follow(this, address) : [];
    this.sequence = this.sequence ?? this.firstSequence();
  }

  // After the address was changed by hand, or by the way back.
  revisit() {
    if (!location.hash.includes("=") && location.hash) {
      this.keep();
      return;
    }
    clearTimeout(this.keeping);
    this.recall();
    for (const view of this.views) view.last = null;
    this.draw();
    this.arrive();
  }

  // To the part of the page that the link was copied at.
  arrive() {
    if (this.goal) {
      this.hurry(); // what is above it has its height then
      byId(this.goal)?.scrollIntoView();
    }
    this.goal = "";
  }
}
