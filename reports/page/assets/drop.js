// Results that are dropped onto the page: read, checked and scored here, then shown like all others. Nothing is sent.

const DROPPED = "dropped here, not part of this page's results";
const SLICE = 30; // milliseconds of work, after which the page may answer its reader

const breather = () => {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < SLICE) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
  };
};

// Truth by sequence, then annotation, then frame: x y w h.
const truthsOf = (data, board) => {
  const { boxes } = board.scoring;
  const [annotations, , frames] = boxes.shape;
  const values = data.array(boxes);
  let start = 0;
  return board.frames.map((length) => {
    const first = start;
    start += length;
    return Array.from({ length: annotations }, (_, m) =>
      Array.from({ length }, (_, f) => [0, 1, 2, 3].map((i) => values[(4 * m + i) * frames + first + f])),
    );
  });
};

const withGiven = (rows, box) => {
  const first = rows.columns === 4 ? box : toCorners(box);
  const values = new Float64Array(rows.values.length + rows.columns);
  values.set(first);
  values.set(rows.values, rows.columns);
  return { ...rows, count: rows.count + 1, values };
};

// Everything that the page shows of one tracker: {curves, values, scores, overlaps, errors, notes}.
const scoreSource = async (data, board, source, words, tell) => {
  const [rules, { protocol }, names] = [data.dropping, board.scoring, board.sequences];
  const pause = breather();
  const read = readingOf(words, rules);
  const found = await matchFiles(source, names, rules);
  const truths = truthsOf(data, board);
  const rows = [];
  for (const [s, name] of names.entries()) {
    const path = found.get(name);
    const { given, rest } = withoutCode(await source.read(path));
    const parsed = parseRows(rest, source.where(path), rules.limits);
    rows.push(given && read.first !== "first-missing" ? withGiven(parsed, truths[s][0][0]) : parsed);
    if (s % 20 === 0) tell(`Reading: ${s} of ${plural(names.length, "sequence")}`);
    await pause();
  }
  tell("Checking and scoring");
  await pause();
  const places = names.map((name) => source.where(found.get(name)));
  const all = { rows, places, names, truths, lengths: board.frames, read, rules, protocol, pause };
  const doubts = new FormatCheck(all).doubts();
  await pause();
  const scored = await scoreRows(all);
  const values = protocol.measures.map(({ weights }, m) => scored.curves[m].map((curve) => dotOf(curve, weights)));
  const scores = [];
  for (const own of values) {
    const line = [];
    for (const [a] of ownAttributes(board).entries()) {
      const weights = weightsFor(data, board, a);
      line.push({ value: meanOf(own, weights), ...intervalOf(data, own, weights) });
      await pause();
    }
    scores.push(line);
  }
  return { ...scored, scores, notes: [...scored.repairs, ...doubts] };
};

// The scores as the command line writes them: score BENCHMARK --by attribute --format csv.
const csvScores = (board, name, scores) => {
  const { dataset, split, protocol } = board.scoring;
  const digits = (value) => (value === null || Number.isNaN(value) ? "" : (100 * value).toFixed(10));
  const lines = protocol.measures.flatMap((measure, m) =>
    ownAttributes(board).map(({ name: attribute, sequences, frames }, a) => {
      const { value, low, high } = scores[m][a];
      const cells = [dataset, split, name, measure.name, attribute, "", sequences, frames];
      return [...cells, digits(value), digits(low), digits(high)];
    }),
  );
  const head = "dataset split tracker metric attribute sequence sequences frames value low high".split(" ");
  return [head, ...lines].map((line) => line.map(csvCell).join(",")).join("\n");
};

const addDropped = (state, board, name, scored, origin) => {
  const { data } = state;
  stack(data, board, scored);
  const used = Object.values(data.colours);
  const turns = Array.from(
    { length: data.dropping.colours },
    (_, colour) => used.filter((other) => other === colour).length,
  );
  data.colours[name] = turns.indexOf(Math.min(...turns));
  data.sources.dropped = DROPPED;
  board.scored.push({
    name,
    source: "dropped",
    is_truth: false,
    about: {},
    speeds: [],
    repeats: 1,
    spread: board.measures.map(() => null),
    failed: [],
    missing: [],
    repairs: scored.notes,
    origin,
  });
  state.dropped.push({ board, name, csv: csvScores(board, name, scored.scores) });
  state.order = state.ranked();
  state.set({
    chosen: new Set([...state.chosen, ...(board === state.shown ? state.ticked : []), name]),
    sources: new Set([...state.sources, "dropped"]),
    drops: state.drops + 1,
  });
};

const removeDropped = (state, dropped) => {
  const { board, name } = dropped;
  const k = board.scored.findIndex((tracker) => tracker.name === name);
  unstack(state.data, board, k);
  board.scored.splice(k, 1);
  delete state.data.colours[name];
  state.dropped.splice(state.dropped.indexOf(dropped), 1);
  state.order = state.ranked();
  state.set({ chosen: new Set([...state.chosen].filter((other) => other !== name)), drops: state.drops + 1 });
};

// A name that no tracker of the page has: what is dropped is called so wherever it is drawn.
const nameFor = (state, source) => {
  const stem = source.place.replace(/\.(zip|txt|csv)$/i, "");
  const taken = new Set(Object.keys(state.data.colours));
  const names = ["", ...Array.from({ length: taken.size + 1 }, (_, n) => ` ${n + 2}`)].map(
    (n) => `${stem} (dropped${n})`,
  );
  return names.find((name) => !taken.has(name));
};

const refusalText = (error) => {
  const { where, expected, found, next } = error.facts ?? {};
  const facts = { where, expected, found, next };
  return [
    el("p", {}, el("b", {}, "Not scored: "), el("span", { class: "label" }, error.message)),
    el(
      "dl",
      { class: "facts" },
      Object.entries(facts)
        .filter(([, text]) => text !== undefined)
        .map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text))),
    ),
  ];
};

const offerDrop = (state) => {
  state.dropped = [];
  let busy = false;
  const told = el("p", { role: "status", class: "note" });
  const refused = el("div", { role: "alert", class: "refused" });
  const list = el("div", {});
  const under = el("p", { class: "under" });
  const words = el("input", {
    type: "text",
    list: "readings",
    placeholder: "as toolkits read them",
    autocomplete: "off",
    spellcheck: "false",
    "data-key": "boxes",
  });
  const { layouts, offsets, firsts } = state.data.dropping;
  const known = [layouts, offsets].flatMap((table) =>
    Object.entries(table).map(([word, { meaning }]) => [word, meaning]),
  );
  const readings = el(
    "datalist",
    { id: "readings" },
    [...known, ...Object.entries(firsts)].map(([value, meaning]) => el("option", { value }, meaning)),
  );

  const take = async (gather) => {
    if (busy) return;
    busy = true;
    replace(refused);
    const board = state.shown;
    const began = performance.now();
    try {
      told.textContent = "Reading";
      if (!board.scoring)
        throw new Refusal(`this page has no truth of ${board.title}`, {
          next: "choose a benchmark that it has truth of",
        });
      const given = await gather();
      if (!given.length) throw new Refusal("no files", { expected: "a zip, a folder or text files" });
      const source = await sourceOf(given, state.data.dropping, breather());
      const scored = await scoreSource(state.data, board, source, words.value, (text) => {
        told.textContent = text;
      });
      const name = nameFor(state, source);
      const origin = [
        ["files", source.place],
        ["scored", `in this browser, ${words.value || "as toolkits read boxes"}`],
      ];
      addDropped(state, board, name, scored, origin);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const shown = board.measures.map((measure, m) => `${measure.name} ${percent(scored.scores[m][0].value)}`);
      told.textContent = `${name} is in all views of ${board.title}: ${shown.join(", ")}. Scored in ${seconds} s.`;
    } catch (error) {
      told.textContent = "";
      replace(refused, ...refusalText(error));
    } finally {
      busy = false;
    }
  };

  const chooser = (text, key, properties) => {
    const input = el("input", { type: "file", hidden: true, "data-choose": key, ...properties });
    input.addEventListener("change", () => {
      const files = fromInput(input.files);
      input.value = "";
      if (files.length) take(async () => files);
    });
    return [
      el("button", { type: "button", class: "choose-files", "data-key": key, onclick: () => input.click() }, text),
      input,
    ];
  };

  byId("leaderboard").after(
    el(
      "section",
      { id: "drop", "aria-labelledby": "drop-title" },
      el("h2", { id: "drop-title" }, "Drop your results here"),
      under,
      el(
        "div",
        { class: "drop-controls" },
        chooser("Choose a zip or files", "files", { multiple: true }),
        chooser("Choose a folder", "folder", { webkitdirectory: true }),
        el("label", { class: "field" }, el("span", {}, "Boxes are written (as --boxes)"), words, readings),
      ),
      told,
      refused,
      list,
    ),
  );
  for (const kind of ["dragenter", "dragover"])
    addEventListener(kind, (event) => {
      event.preventDefault();
      document.body.classList.add("dragging");
    });
  addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("dragging"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dragging");
    const gathered = fromTransfer(event.dataTransfer, state.data.dropping.limits.files); // at once: items do not last
    gathered.catch(() => {});
    take(() => gathered);
  });
  state.view(
    "drop",
    ({ board }) => [board],
    ({ shown }) => {
      under.textContent = shown.scoring
        ? `A zip or a folder with a text file for each of the ${plural(shown.sequences.length, "sequence")} of ` +
          `${shown.title}, anywhere on this page. It is read, checked and scored in this browser as rgbtbench score ` +
          "does it, with the same intervals. Nothing leaves this machine: this page can send nothing."
        : `This page has no truth of ${shown.title}, so nothing can be scored on it here.`;
    },
  );
  state.view(
    null,
    () => [],
    () => replace(list, ...state.dropped.map((dropped) => droppedEntry(state, dropped))),
  );
};

const droppedEntry = (state, dropped) =>
  el(
    "details",
    { class: "text" },
    el(
      "summary",
      { "data-key": `dropped ${dropped.name}` },
      el(
        "span",
        { class: "label" },
        `${dropped.board.title} · ${dropped.name}: scores as the command line writes them`,
      ),
    ),
    el(
      "textarea",
      { readonly: true, rows: 8, spellcheck: "false", "aria-label": `Scores of ${dropped.name}` },
      dropped.csv,
    ),
    el(
      "button",
      { type: "button", class: "choose-files", onclick: () => removeDropped(state, dropped) },
      `Remove ${dropped.name}`,
    ),
  );
