// The leaderboard.

const HOW_RANKED =
  "Percent with 95 % bootstrap intervals over sequences. A tracker ranks above another one if the 95 % interval of " +
  "their paired difference is above zero; else they may change places. So ranks are ranges, among the trackers " +
  "scored here and shown. ";
const HOW_PRINTED =
  "Numbers in italics are printed, not scored here: without an interval they have no rank. ≠ marks prints that " +
  "disagree or are in doubt. ";

const mark = (state, name) => {
  const { colour, shape } = state.look(name);
  return svg("svg", { class: `mark ${colour}`, viewBox: "-6 -6 12 12", "aria-hidden": "true" }, dot(shape, 0, 0, 4.5));
};

const columnsOf = (state, rows) => {
  const about = state.data.columns.filter(({ key }) => rows.some((row) => row.about[key]));
  return [
    { key: null, class: "choose", title: "Draw", hide: true },
    { key: "rank", class: "number", title: "Rank", up: true },
    { key: "name", class: "name", title: "Tracker", up: true },
    ...state.measures().map(({ name, published }) => ({
      key: `metric:${name}`,
      metric: name,
      class: `number score${name === state.metric ? " active" : " wide"}`,
      title: published ? name : `${name} (ours)`,
    })),
    { key: null, class: "span wide", title: `${state.metric}, 95 % interval`, span: true },
    ...about.map(({ key, title, printed }) => ({
      key: `about:${key}`,
      about: key,
      class: `${key} number wide`,
      title,
      printed,
    })),
    { key: "source", class: "source wide", title: "Source", up: true },
  ];
};

// Another order begins at its top.
const boardKey = ({ board, metric, sort }) => JSON.stringify([board, metric, sort]);

const drawBoard = (state) => {
  const rows = rowsOf(state);
  const columns = columnsOf(state, rows);
  const axis = rows.length && spanAxis(rows, state.metric);
  const truths = rows.filter(({ is_truth }) => is_truth).map(({ name }) => name);
  const { title, attributes, scored, printed, official } = state.shown;
  const attribute = attributes[state.attribute];
  const part = state.attribute ? `${attribute.name} (${attribute.meaning}): ` : "";
  const all = scored.length + printed.length;
  const size = attribute.sequences === null ? "as others print it" : sizeText(attribute);
  const few = attribute.sequences !== null && attribute.sequences < state.data.small;
  const small = few ? " Few sequences: scores of this attribute vary widely." : "";
  const body = el("tbody");
  replace(
    byId("leaderboard"),
    headed(
      el("h2", { id: "leaderboard-title" }, "Leaderboard"),
      rows.length > 0 && boardMenu(state, rows, `${title}, ${part}${size}`),
    ),
    el(
      "p",
      { class: "under" },
      `${title}, ${part}${size}.${small} `,
      el("span", { id: "count", role: "status" }, `${rows.length} of ${plural(all, "tracker")} shown.`),
    ),
    rows.length ? table(state, columns, axis, body) : el("p", { class: "empty" }, "No tracker fits these filters."),
    el(
      "p",
      { class: "note" },
      scored.length ? HOW_RANKED : "",
      printed.length ? HOW_PRINTED : "",
      truths.map((name) => [
        el("span", { class: "label" }, name),
        " has the truth's own boxes: no rank, not on the scales. ",
      ]),
      official
        ? ""
        : state.shown.generated
          ? "These sequences are generated, so no printed numbers stand beside them."
          : `These are not the sequences of ${title} as published, so no printed numbers stand beside them.`,
    ),
    rows.length ? asText(state, rows) : null,
  );
  const { apart } = state;
  const parts = rows.map((row, i) => () => [
    ...(apart && row.k === null && i > 0 && rows[i - 1].k !== null ? [parted(columns.length)] : []),
    line(state, row, columns, axis),
    ...(state.opened.has(row.key)
      ? [el("tr", { class: "detail" }, el("td", { colspan: columns.length }, details(state, row)))]
      : []),
  ]);
  return addRows(body, parts, scrolledTo(boardKey(state)));
};

const boardMenu = (state, rows, title) => {
  const make = () => ({
    name: fileName(subject(state), "leaderboard"),
    title,
    ...tableOf(byId("leaderboard").querySelector("table.board")),
    note: [
      "Percent, 95 % bootstrap intervals over sequences in brackets; ranks among the trackers scored here and shown.",
      rows.some(({ k }) => k === null) && "† printed, not scored here.",
    ]
      .filter(Boolean)
      .join(" "),
    csv: csvOf(state, rows),
  });
  return saveTable(state, "the leaderboard", "board", make, () => rows.map(({ name }) => name));
};

const table = (state, columns, axis, body) =>
  el(
    "div",
    {
      class: "long",
      role: "region",
      "aria-label": "Leaderboard",
      tabindex: 0,
      "data-key": "board",
      "data-scroll": boardKey(state),
    },
    el(
      "table",
      { class: "board" },
      el("caption", { class: "hidden" }, `Trackers by ${state.metric} on ${state.shown.title}`),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          columns.map((column) => heading(state, column, axis)),
        ),
      ),
      body,
    ),
  );

const heading = (state, { key, title, class: kind, up, hide, span }, axis) => {
  if (hide) return el("td", { class: kind }, el("span", { class: "hidden" }, title));
  if (span) return el("th", { class: kind, scope: "col" }, axisTicks(axis), el("span", { class: "hidden" }, title));
  const { sort } = state;
  const active = sort.key === key || (sort.key === "metric" && key === `metric:${state.metric}`);
  const next = { key, down: active ? !sort.down : !up };
  const order = active ? (sort.down ? "descending" : "ascending") : "none";
  return el(
    "th",
    { class: kind, scope: "col", "aria-sort": order },
    el(
      "button",
      { type: "button", "data-key": `sort ${key}`, onclick: () => state.set({ sort: next }) },
      title,
      el("span", { class: "arrow", "aria-hidden": "true" }, active ? (sort.down ? "▾" : "▴") : ""),
    ),
  );
};

const isTicked = (state, { k, name }) => k !== null && state.ticked.has(name);
const tickedColour = (state, name) => (state.ticked.has(name) ? state.look(name).colour : "");

// The rows that are there, after a tick.
const tickRows = (state) => {
  for (const box of byId("leaderboard").querySelectorAll("td.choose input")) {
    const row = box.closest("tr");
    box.checked = state.ticked.has(row.dataset.tracker);
    row.classList.toggle("picked", box.checked);
    row.querySelector(".whisker")?.setAttribute("class", `whisker ${tickedColour(state, row.dataset.tracker)}`);
  }
};

const parted = (columns) =>
  el("tr", { class: "parted" }, el("th", { colspan: columns, scope: "rowgroup" }, "Printed, not scored here"));

const line = (state, row, columns, axis) => {
  return el(
    "tr",
    { class: isTicked(state, row) ? "picked" : "", "data-tracker": row.name },
    columns.map((column) => {
      if (column.metric) return scoreCell(row.values[column.metric], column.class);
      if (column.about) return aboutCell(row, column);
      if (column.span) return el("td", { class: column.class }, spanMark(state, row, axis));
      return el(
        column.key === "name" ? "th" : "td",
        { class: column.class, scope: column.key === "name" ? "row" : null },
        CELLS[column.key ?? "choose"](state, row),
      );
    }),
  );
};

const CELLS = {
  choose: (state, row) =>
    row.k !== null &&
    el("input", {
      type: "checkbox",
      checked: isTicked(state, row),
      "aria-label": `Draw ${row.name}`,
      "data-key": `choose ${row.name}`,
      onchange: () => state.tick(row.name),
    }),
  rank: (_, row) =>
    row.is_truth
      ? el("abbr", { title: "the truth's own boxes: a reference without a rank" }, "ref.")
      : row.rank === null
        ? "–"
        : row.rank === row.worst
          ? row.rank
          : `${row.rank}–${row.worst}`,
  name: (state, row) => {
    const open = state.opened.has(row.key);
    const source = state.data.sources[row.values[state.metric].source];
    return [
      el(
        "button",
        {
          type: "button",
          class: "open",
          "aria-expanded": open,
          "data-key": `open ${row.key}`,
          onclick: () => state.toggle("opened", state.opened, row.key),
        },
        row.k !== null && mark(state, row.name),
        el("span", { class: "label" }, row.name),
      ),
      row.gaps > 0 && el("span", { class: "flag" }, `${plural(row.gaps, "sequence")} without boxes`),
      el("span", { class: "narrow sub" }, [row.about.year, row.venue, source].filter(Boolean).join(" · ")),
    ];
  },
  source: (state, row) => {
    const { source } = row.values[state.metric];
    return el("span", { class: `tag ${source}` }, state.data.sources[source]);
  },
};

const aboutCell = ({ about, venue }, { about: key, class: kind, printed }) => {
  const text = about[key];
  return el(
    "td",
    { class: kind },
    text ? (printed ? el("i", {}, text) : text) : "–",
    key === "year" && venue && el("span", { class: "sub" }, venue),
  );
};

const scoreCell = ({ value, low, high, prints }, kind) => {
  if (value === null) return el("td", { class: kind }, "–");
  if (prints.length) {
    const differ = prints.length > 1 || prints[0].doubtful;
    return el(
      "td",
      { class: kind, "data-text": `${prints[0].value}†` },
      el("i", {}, prints[0].value),
      differ && el("span", { class: "differ" }, "≠", el("span", { class: "hidden" }, " prints disagree")),
    );
  }
  return el(
    "td",
    { class: kind, "data-text": low === null ? null : `${percent(value)} [${percent(low)}, ${percent(high)}]` },
    el("b", {}, percent(value)),
    low !== null && el("span", { class: "sub" }, `${percent(low)}–${percent(high)}`),
  );
};

// The axis of the column of intervals, in shares of 1.
const spanAxis = (rows, metric) => {
  const rivals = rows.filter(({ is_truth }) => !is_truth);
  const ends = (rivals.length ? rivals : rows).flatMap(({ values }) => [
    values[metric].low,
    values[metric].high,
    values[metric].value,
  ]);
  const known = ends.filter((end) => end !== null);
  const low = Math.max(0, Math.floor(Math.min(...known) * 20) / 20);
  const high = Math.min(1, Math.ceil(Math.max(...known) * 20) / 20);
  return { low, high: high > low ? high : low + 0.05 };
};

const along = ({ low, high }, value) => `${(4 + (92 * (value - low)) / (high - low)).toFixed(2)}%`;

const axisTicks = (axis) => {
  const step = axis.high - axis.low > 0.4 ? 0.2 : axis.high - axis.low > 0.15 ? 0.1 : 0.05;
  const ticks = [];
  for (let t = Math.ceil(axis.low / step - 1e-9) * step; t <= axis.high + 1e-9; t += step) ticks.push(t);
  return svg(
    "svg",
    { class: "axis", height: 16, width: "100%", "aria-hidden": "true" },
    ticks.map((t) => svg("text", { x: along(axis, t), y: 12, "text-anchor": "middle" }, (100 * t).toFixed(0))),
  );
};

const spanMark = (state, row, axis) => {
  const { value, low, high } = row.values[state.metric];
  if (value === null || row.is_truth) return null;
  const kind = row.k === null ? "printed" : tickedColour(state, row.name);
  return svg(
    "svg",
    { class: `whisker ${kind}`, height: 14, width: "100%", "aria-hidden": "true" },
    low !== null && svg("line", { x1: along(axis, low), x2: along(axis, high), y1: 7, y2: 7 }),
    svg("circle", { cx: along(axis, value), cy: 7, r: 3.5 }),
  );
};

const deviations = (state, row) =>
  `standard deviation over all sequences: ${state.shown.measures
    .map(({ name }, m) => `${name} ${(100 * row.spread[m]).toFixed(1)}`)
    .join(", ")}`;

// What is behind a row: every print, repairs, gaps, and where the boxes come from.
const details = (state, row) => {
  const attribute = state.shown.attributes[state.attribute].name;
  const cells = (row.k === null ? row : row.print)?.cells[attribute] ?? {};
  const prints = state.measures().flatMap(({ name }) => (cells[name] ?? []).map((print) => ({ name, print })));
  const facts = [
    ...(row.venue ? [[row.about.year || "–", `${row.venue}${row.listed ? ", by a community list" : ""}`]] : []),
    ...prints.map(({ name, print }) => [
      `${name} ${print.value}`,
      [state.data.sources[print.source], print.reference, print.address, print.note].filter(Boolean).join("; "),
    ]),
    ...row.speeds.map(({ fps, hardware, reference }) => [
      `${fps} FPS`,
      [hardware || "hardware not told", reference].join("; "),
    ]),
    ...(row.about.params_m ? [[`${row.about.params_m} M parameters`, "printed"]] : []),
    ...(row.repeats > 1 ? [[`mean of ${row.repeats} repeats`, deviations(state, row)]] : []),
    ...(row.origin ?? []),
    ...(row.repairs ?? []).map((text) => ["repaired as the toolkit does", text]),
    ...(row.failed ?? []).map(([sequence, reason]) => [`failed: ${sequence}`, reason]),
    ...(row.missing?.length ? [["missing", row.missing.join(", ")]] : []),
  ];
  return el(
    "dl",
    { class: "facts" },
    facts.map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text))),
  );
};
