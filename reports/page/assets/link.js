// What the address keeps, a row for each part of a view. A link is the view; parts that are not known here are said.

const WORD = 200; // characters of a text to search for

// The one of a list that a word means: the very same, or the same in other letters, or the only one that begins so.
const meant = (list, word) => {
  const small = word.toLowerCase();
  const tests = [
    (one) => one === word,
    (one) => one.toLowerCase() === small,
    (one) => one.toLowerCase().startsWith(`${small} `),
  ];
  for (const test of tests) {
    const found = list.filter(test);
    if (found.length === 1) return list.indexOf(found[0]);
  }
  return -1;
};

const parsed = (word) => {
  try {
    const names = JSON.parse(word);
    return Array.isArray(names) && names.every((name) => typeof name === "string") ? names : null;
  } catch {
    return null;
  }
};

// Ways to write a part and to read it again. read(state, word) answers what is unknown, or nothing.
const oneOf = (field, list, value = (i, names) => names[i]) => ({
  read: (state, word) => {
    const names = list(state);
    const i = meant(names, word);
    if (i < 0) return [word];
    state[field] = value(i, names);
  },
});
const textOf = (field) => ({
  write: (state) => state[field],
  read: (state, word) => {
    state[field] = word.slice(0, WORD);
  },
});
const setOf = (field, list, write = (state) => [...state[field]]) => ({
  write: (state) => write(state) && JSON.stringify(write(state)),
  read: (state, word) => {
    const names = parsed(word);
    if (!names) return [word];
    const known = list(state);
    state[field] = new Set(known.filter((name) => names.includes(name)));
    return names.filter((name) => !known.includes(name));
  },
});
const sortOf = (field, keys) => ({
  write: (state) => state[field] !== DEFAULTS[field] && `${state[field].down ? "-" : ""}${state[field].key}`,
  read: (state, word) => {
    const key = word.replace(/^-/, "");
    if (!keys(state).includes(key)) return [word];
    state[field] = { key, down: word.startsWith("-") };
  },
});
const yearsOf = ({ data }) =>
  data.boards
    .flatMap(({ scored, printed }) => [...scored, ...printed])
    .map(({ about }) => about.year)
    .filter(Boolean);
const rowKeys = ({ shown: { scored, printed } }) => [
  ...scored.map(({ name }) => `scored ${name}`),
  ...printed.map(({ name }) => `printed ${name}`),
];
const hardwareOf = ({ data }) => [
  ...new Set(
    data.boards
      .flatMap(({ scored, printed }) => [...scored, ...printed])
      .flatMap(({ speeds }) => speeds.map(({ hardware }) => hardware || UNTOLD)),
  ),
];
const scoredHere = ({ shown }) => shown.scored.map(({ name }) => name);
const tidy = (value) => Number(value.toFixed(6));
const numbered = (word) => (/^\d{1,9}$/.test(word) ? Number(word) : null);

const DEFAULTS = { sort: { key: "metric", down: true }, listing: { key: "spread", down: true } };

// In the order of reading: what is there depends on the parts before. write answers nothing where the view is usual.
const FIELDS = {
  b: {
    what: "benchmark",
    write: ({ shown }) => shown.title,
    ...oneOf(
      "board",
      ({ data }) => data.boards.map(({ title }) => title),
      (i) => i,
    ),
  },
  m: {
    what: "metric",
    write: ({ metric }) => metric,
    ...oneOf("metric", (state) => state.measures().map(({ name }) => name)),
  },
  a: {
    what: "attribute",
    write: ({ shown, attribute }) => attribute > 0 && shown.attributes[attribute].name,
    read: (state, word) => {
      const names = state.shown.attributes.map(({ name }) => name);
      const wanted = word.split(/[+ ]/).map((part) => names[meant(names, part)]); // "+" reads as a blank
      state.attribute = wanted.includes(undefined) ? 0 : attributeAt(state.shown, wanted.join("+"));
      countCombination(state.data, state.shown, state.attribute);
      return state.attribute || wanted.join() === names[0] ? [] : [word];
    },
  },
  t: {
    what: "tracker",
    ...setOf(
      "chosen",
      ({ order }) => order,
      ({ chosen }) => chosen.size > 0 && [...chosen],
    ),
  },
  ref: { what: "reference", write: ({ reference }) => reference, ...oneOf("reference", scoredHere) },
  rival: { what: "tracker", write: ({ rival }) => rival, ...oneOf("rival", scoredHere) },
  among: {
    what: "choice of whom to compare",
    write: ({ among }) => among !== "all" && among,
    ...oneOf("among", () => ["all", "ticked"]),
  },
  from: {
    what: "year",
    write: ({ from }) => from,
    ...oneOf("from", (state) => [...new Set(yearsOf(state))]),
  },
  to: {
    what: "year",
    write: ({ to }) => to,
    ...oneOf("to", (state) => [...new Set(yearsOf(state))]),
  },
  search: { what: "text", ...textOf("search") },
  src: {
    what: "source",
    ...setOf(
      "sources",
      ({ data }) => Object.keys(data.sources),
      ({ sources, data }) => sources.size < Object.keys(data.sources).length && [...sources],
    ),
  },
  mixed: {
    what: "order of scored and printed ones",
    write: ({ apart }) => !apart && "yes",
    ...oneOf(
      "apart",
      () => ["yes", "no"],
      (i) => i === 1,
    ),
  },
  sort: {
    what: "column of the leaderboard",
    ...sortOf("sort", (state) => [
      "metric",
      ...[...columnsOf(state, rowsOf(state)).map(({ key }) => key)].filter(Boolean),
      ...state.data.columns.map(({ key }) => `about:${key}`),
    ]),
  },
  open: {
    what: "row of the leaderboard",
    ...setOf("opened", rowKeys, ({ opened }) => opened.size > 0 && [...opened]),
  },
  th: {
    what: "threshold",
    write: ({ threshold, measure }) => threshold[measure.name] !== undefined && tidy(threshold[measure.name]),
    read: (state, word) => {
      const { name, thresholds } = state.measure;
      const found = thresholds.find((t) => String(tidy(t)) === word);
      if (found === undefined) return [word];
      state.threshold = { [name]: found };
    },
  },
  against: {
    what: "axis",
    write: ({ against }) => against !== "year" && against,
    ...oneOf("against", () => Object.keys(AGAINST)),
  },
  hw: {
    what: "hardware",
    write: ({ hardware }) => hardware,
    ...oneOf("hardware", hardwareOf),
  },
  q: {
    what: "sequence",
    write: ({ shown, sequence }) => shown.sequences[sequence],
    ...oneOf(
      "sequence",
      ({ shown }) => shown.sequences,
      (i) => i,
    ),
  },
  find: { what: "text", ...textOf("find") },
  list: { what: "column of the sequences", ...sortOf("listing", (state) => listColumns(state).map(({ key }) => key)) },
  f: {
    what: "frame",
    write: ({ frame, shown }) => frame > 0 && frame * shown.every + 1,
    read: (state, word) => {
      const at = (numbered(word) - 1) / state.shown.every;
      const s = state.sequence ?? state.firstSequence();
      if (!Number.isInteger(at) || at < 0 || at >= state.shown.frames[s]) return [word];
      state.frame = at;
    },
  },
  v: {
    what: "part of the page",
    read: (state, word) => {
      if (!SECTIONS.includes(word)) return [word];
      state.goal = word;
    },
  },
};
const SECTIONS = ["leaderboard", "curves", "progress", "attributes", "pairs", "sequences", "stress", "gaps", "about"];

// The address of a view, behind the "#".
const wordsOf = (state) => {
  const words = Object.entries(FIELDS).map(([key, { write }]) => [key, write?.(state)]);
  return new URLSearchParams(words.filter(([, word]) => word || word === 0)).toString();
};

// Takes what an address says into a state of defaults. Answers what it does not know: [{key, what, word}].
const follow = (state, address) => {
  const words = new URLSearchParams(address);
  const unknown = [];
  for (const [key, { what, read }] of Object.entries(FIELDS))
    if (words.has(key)) for (const word of read(state, words.get(key)) ?? []) unknown.push({ key, what, word });
  for (const key of new Set(words.keys())) if (!(key in FIELDS)) unknown.push({ key, what: null, word: key });
  return unknown;
};

const SAID = 60; // characters of what nobody knows
const short = (text) => (text.length > SAID ? `${text.slice(0, SAID)}…` : text);

const drawUnknown = (state) => {
  const place = byId("unknown");
  place.hidden = !state.unknown.length;
  place.replaceChildren(
    el(
      "span",
      {},
      "The address asks for what this page does not have: ",
      state.unknown.slice(0, 6).map(({ key, what, word }, i) => [
        i > 0 && ", ",
        what ? `${what} ` : "a part named ",
        el("b", { class: "label", title: key }, `“${short(word)}”`),
      ]),
      state.unknown.length > 6 && ` and ${state.unknown.length - 6} more`,
      ". The rest of the view is as the address says. ",
      el(
        "button",
        { type: "button", class: "link", "data-key": "known", onclick: () => state.set({ unknown: [] }) },
        "I see",
      ),
    ),
  );
};

// The part of the page that is in sight, so that whoever follows the link sees the same.
const inSight = () => {
  const seen = SECTIONS.filter((id) => byId(id) && !byId(id).hidden && byId(id).getClientRects().length);
  return seen.findLast((id) => byId(id).getBoundingClientRect().top < innerHeight / 3) ?? "leaderboard";
};

const copyLink = (state) => {
  const told = el("span", { class: "sub", role: "status", id: "copied" });
  const copy = async () => {
    const view = inSight();
    const words = wordsOf(state) + (view === "leaderboard" ? "" : `&v=${view}`);
    const address = `${location.href.split("#")[0]}#${words}`;
    try {
      await navigator.clipboard.writeText(address);
      told.replaceChildren("Copied.");
    } catch {
      const field = el("input", { readonly: true, value: address, "aria-label": "The link, to copy" });
      told.replaceChildren("This browser lets no page copy. Copy it here: ", field);
      field.select();
    }
    setTimeout(() => told.querySelector("input") ?? told.replaceChildren(), 4000);
  };
  return [el("button", { type: "button", class: "link", "data-key": "link", onclick: copy }, "Copy link"), told];
};
