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

// One archive, or files with their paths below what was dropped: {place, paths, read, where}.
const sourceOf = async (given, rules, pause) => {
  const [only] = given;
  const magic = new Uint8Array(await only.file.slice(0, 8).arrayBuffer());
  const zipped = magic[0] === 80 && magic[1] === 75 && !(magic[2] === 7 && magic[3] === 8);
  if (given.length === 1 && !only.folder && (zipped || !rules.files.includes(endingOf(only.path)))) {
    const place = only.file.name;
    if (!zipped || only.file.size > rules.limits.total)
      throw new Refusal(zipped ? "too large for tracking results" : "not a zip", {
        where: place,
        expected: `a zip of at most ${rules.limits.total >> 20} MiB, a folder or text files`,
        found: `${only.file.size.toLocaleString("en")} bytes`,
        next: "unpack it and drop the folder; the command line reads .tar.gz and others, too",
      });
    const { files } = await unzip(new Uint8Array(await only.file.arrayBuffer()), place, rules, pause);
    return { place, paths: [...files.keys()], read: (path) => files.get(path), where: (path) => `${place}:${path}` };
  }
  const files = new Map();
  for (const { path, file } of given) {
    const parts = path.split("/");
    const hidden = parts.some((part) => part.startsWith(".")) || parts.length > rules.limits.walk + 2;
    if (!hidden && rules.files.includes(endingOf(path))) files.set(path, file);
  }
  const place = only.folder || (given.length === 1 ? only.path : `${given.length} files`);
  const where = (path) => (only.folder ? `${only.folder}/${path}` : path);
  const record = [...files.keys()].find((path) => path.endsWith("about-run.json"));
  if (record)
    throw new Refusal("a run of this program, not a folder of results", {
      where: where(record),
      expected: "a file of boxes for each sequence",
      next: "rgbtbench report tells what is in it",
    });
  const read = async (path) => {
    const file = files.get(path);
    if (file.size > rules.limits.file)
      throw new Refusal("file too large for a list of boxes", {
        where: where(path),
        expected: `at most ${rules.limits.file >> 20} MiB`,
        found: `${file.size.toLocaleString("en")} bytes`,
      });
    return new Uint8Array(await file.arrayBuffer());
  };
  return { place, paths: [...files.keys()], read, where };
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
  const draws = await drawsOf(names.length, rules.bootstrap, pause);
  const scores = [];
  for (const own of values) {
    const line = [];
    for (const [a] of board.attributes.entries()) {
      const weights = weightsOf(data, board, a);
      const [low, high] = intervalOf(own, weights, draws);
      line.push({ value: meanOf(own, weights), low, high });
      await pause();
    }
    scores.push(line);
  }
  return { ...scored, values, scores, notes: [...scored.repairs, ...doubts] };
};

const weightsOf = (data, board, a) =>
  board.sequences.map((_, s) => {
    if (!hasAttribute(data, board, s, a)) return 0;
    return board.scoring.protocol.average === "frame" ? board.frames[s] : 1;
  });

const curveFor = (data, board, curves, a) => {
  const weights = weightsOf(data, board, a);
  return Array.from(curves[0], (_, t) =>
    meanOf(
      curves.map((curve) => curve[t]),
      weights,
    ),
  );
};

const stepsOf = (value, steps, none) =>
  value === null || Number.isNaN(value) ? none : Math.round(value * steps);

// A line of the timeline: means over the frames of each of its points, as bytes.
const traceSteps = (board, values, toStep) =>
  values.flatMap((own, s) => {
    const count = Math.min(board.frames[s], board.traces.points);
    const first = (i) => Math.floor((i * board.frames[s]) / count);
    return Array.from({ length: count }, (_, i) => {
      const there = [...own.slice(first(i), first(i + 1))].filter((value) => value >= 0); // NaN and -1: no value
      return there.length ? Math.min(board.traces.gap - 1, Math.round(toStep(mean(there)))) : board.traces.gap;
    });
  });

// The tracker's share of each array of the page, in the page's own steps.
const blocksOf = (data, board, { curves, values, scores, overlaps, errors }) => {
  const { scale, traces } = board;
  const triples = scores.flat().flatMap(({ value, low, high }) => [value, low, high]);
  return [
    [board.scores, triples.map((value) => stepsOf(value, scale.score, -1))],
    ...board.curves.map((ref, m) => [
      ref,
      board.attributes.flatMap((_, a) =>
        curveFor(data, board, curves[m], a).map((value) => stepsOf(value, scale.curve, NO_SHARE)),
      ),
    ]),
    ...board.single.map((ref, m) => [ref, values[m].map((value) => stepsOf(value, scale.curve, NO_SHARE))]),
    [traces.overlap, traceSteps(board, overlaps, (value) => value * traces.overlap_steps)],
    [traces.error, traceSteps(board, errors, (value) => Math.log2(1 + value) * traces.error_steps)],
  ];
};

// Put a tracker's numbers behind those of the others, or take those of the k-th out.
const extend = (data, ref, block) => {
  const old = data.array(ref);
  const values = new old.constructor(old.length + block.length);
  values.set(old);
  values.set(block, old.length);
  ref.shape[0] += 1;
  data.keep(ref, values);
};
const shorten = (data, ref, k) => {
  const old = data.array(ref);
  const size = old.length / ref.shape[0];
  const values = new old.constructor(old.length - size);
  values.set(old.subarray(0, k * size));
  values.set(old.subarray((k + 1) * size), k * size);
  ref.shape[0] -= 1;
  data.keep(ref, values);
};

// The scores as the command line writes them: score BENCHMARK --by attribute --format csv.
const csvScores = (board, name, scores) => {
  const { dataset, split, protocol } = board.scoring;
  const digits = (value) => (value === null || Number.isNaN(value) ? "" : (100 * value).toFixed(10));
  const lines = protocol.measures.flatMap((measure, m) =>
    board.attributes.map(({ name: attribute, sequences, frames }, a) => {
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
  const blocks = blocksOf(data, board, scored);
  for (const [ref, block] of blocks) extend(data, ref, block);
  const used = Object.values(data.colours);
  const turns = SHAPES.map((_, colour) => used.filter((other) => other === colour).length);
  data.colours[name] = turns.indexOf(Math.min(...turns));
  data.sources.dropped = DROPPED;
  board.scored.push({
    name,
    source: "dropped",
    about: {},
    repeats: 1,
    spread: board.measures.map(() => null),
    failed: [],
    missing: [],
    repairs: scored.notes,
    origin,
  });
  state.dropped.push({ board, name, refs: blocks.map(([ref]) => ref), csv: csvScores(board, name, scored.scores) });
  state.order = state.ranked();
  state.set({
    chosen: new Set([...state.chosen, name]),
    sources: new Set([...state.sources, "dropped"]),
    drops: state.drops + 1,
  });
};

const removeDropped = (state, dropped) => {
  const { board, name, refs } = dropped;
  const k = board.scored.findIndex((tracker) => tracker.name === name);
  for (const ref of refs) shorten(state.data, ref, k);
  board.scored.splice(k, 1);
  state.dropped.splice(state.dropped.indexOf(dropped), 1);
  state.order = state.ranked();
  state.set({ chosen: new Set([...state.chosen].filter((other) => other !== name)), drops: state.drops + 1 });
};

// A name that no tracker of the page has: what is dropped is called so wherever it is drawn.
const nameFor = (state, source) => {
  const stem = source.place.replace(/\.(zip|txt|csv)$/i, "");
  const taken = new Set(Object.keys(state.data.colours));
  const names = ["", ...Array.from({ length: taken.size + 1 }, (_, n) => ` ${n + 2}`)].map((n) => `${stem} (dropped${n})`);
  return names.find((name) => !taken.has(name));
};

// Files of a dropped folder, or of several things that were dropped together.
const filesOf = async (entry, path, found, limit) => {
  if (found.length > limit)
    throw new Refusal("too many files", { where: entry.fullPath, expected: `at most ${limit.toLocaleString("en")}` });
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ path, file });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const inner of some) await filesOf(inner, path ? `${path}/${inner.name}` : inner.name, found, limit);
  }
};

const fromTransfer = async ({ items, files }, limit) => {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...files].map((file) => ({ path: file.name, file }));
  const found = [];
  const single = entries.length === 1 && entries[0].isDirectory;
  for (const entry of entries) await filesOf(entry, single ? "" : entry.name, found, limit);
  return single ? found.map((one) => ({ ...one, folder: entries[0].name })) : found;
};

const fromInput = (files) =>
  [...files].map((file) => {
    const [folder, ...parts] = (file.webkitRelativePath || "").split("/");
    return parts.length ? { path: parts.join("/"), file, folder } : { path: file.name, file };
  });

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
  const known = [layouts, offsets].flatMap((table) => Object.entries(table).map(([word, { meaning }]) => [word, meaning]));
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
        throw new Refusal(`this page has no truth of ${board.title}`, { next: "choose a benchmark that it has truth of" });
      const given = await gather();
      if (!given.length) throw new Refusal("no files", { expected: "a zip, a folder or text files" });
      const source = await sourceOf(given, state.data.dropping, breather());
      const scored = await scoreSource(state.data, board, source, words.value, (text) => {
        told.textContent = text;
      });
      const name = nameFor(state, source);
      const origin = [["files", source.place], ["scored", `in this browser, ${words.value || "as toolkits read boxes"}`]];
      addDropped(state, board, name, scored, origin);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      told.textContent = `${name} is in all views of ${board.title}: scored in ${seconds} s.`;
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
    return [el("button", { type: "button", class: "choose-files", "data-key": key, onclick: () => input.click() }, text), input];
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
      el("span", { class: "label" }, `${dropped.board.title} · ${dropped.name}: scores as the command line writes them`),
    ),
    el("textarea", { readonly: true, rows: 8, spellcheck: "false", "aria-label": `Scores of ${dropped.name}` }, dropped.csv),
    el("button", { type: "button", class: "choose-files", onclick: () => removeDropped(state, dropped) }, `Remove ${dropped.name}`),
  );
