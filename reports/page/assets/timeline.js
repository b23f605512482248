// One sequence: overlap and centre error over time, read at a frame.

const ERROR_TICKS = [0, 5, 20, 100, 500];

const drawSequence = (state) => {
  const board = state.shown;
  const s = state.sequence;
  const frames = board.frames[s];
  const lines = state.picked().map((tracker) => ({
    ...tracker,
    ...state.look(tracker.name),
    points: traceOf(state.data, board, tracker.k, s),
    score: singleOf(state.data, board, tracker.k, state.m, s),
  }));
  const step = Math.ceil(frames / Math.min(frames, board.traces.points));
  const own = board.attributes.filter((_, a) => a && hasAttribute(state.data, board, s, a));
  const name = board.sequences[s];
  const reading = el("table", { class: "legend" });
  const frame = el("output", {});
  const slider = el("input", {
    type: "range",
    min: 1,
    max: frames,
    value: state.frame + 1,
    id: "frame",
    "data-key": "frame",
    "aria-label": "Frame at which to read",
    onfocus: () => overlaps.show(state.frame),
    onblur: () => overlaps.hide(),
    oninput: (event) => {
      read(Number(event.target.value) - 1);
      overlaps.show(state.frame);
    },
  });
  const cursors = {};
  const follow = (at) => [overlaps, errors].forEach((plot) => plot.line(at));
  const cross = { every: board.every, spanText: (point) => spanOf(board, point), take: (at) => read(at), follow };
  const key = (name) => mark(state, name);
  const moments = (board.strips[s] ?? []).map((moment) => moment.frame);
  const overlaps = drawing(
    `Overlap of the chosen trackers over the frames of ${name}`,
    (width) => drawTime(lines, [frames, board.every], width, OVERLAP, cursors, () => state.frame, moments, cross),
    key,
  );
  const errors = drawing(
    `Centre error of the chosen trackers over the frames of ${name}`,
    (width) => drawTime(lines, [frames, board.every], width, ERROR, cursors, () => state.frame, moments, cross),
    key,
  );
  const read = (at) => {
    if (at !== state.frame) state.keep();
    state.frame = at;
    slider.value = at + 1;
    const point = lines[0]?.points.find(({ last }) => last >= at);
    const mean = point && point.last > point.first ? `, means of ${spanOf(board, point)}` : "";
    frame.textContent = `${frameNumber(board, at)} of ${frameNumber(board, frames - 1)}${mean}`;
    replace(reading, readings(state, lines, at));
    for (const move of Object.values(cursors)) move(at);
  };
  read(state.frame);
  const menu = (label, plot, { key }) =>
    chartMenu(
      label,
      key,
      plot,
      `${board.title}, ${name}: ${label.replace("the ", "")} over frames`,
      legendOf(state, lines, (line) => line.name),
      () => [
        ["first frame", "last frame", ...lines.map((line) => line.name)],
        ...(lines[0]?.points ?? []).map(({ first, last }, i) => [
          first * board.every + 1,
          last * board.every + 1,
          ...lines.map(({ points }) => points[i][key]?.toFixed(2)),
        ]),
      ],
    );
  replace(
    byId("sequence"),
    el("h3", {}, el("span", { class: "label" }, name)),
    el(
      "p",
      { class: "note" },
      plural(frames, "frame"),
      board.every > 1 && ` with truth, every ${board.every}th`,
      own.length > 0 && ` · ${own.map((a) => a.name).join(" ")}`,
      step > 1 && ` · a point is the mean of up to ${step} frames`,
    ),
    lines.length === 0
      ? el("p", { class: "empty" }, "Tick trackers in the leaderboard to draw them.")
      : [
          headed(el("h4", {}, "Overlap"), menu("the overlap", overlaps, OVERLAP)),
          overlaps,
          headed(el("h4", {}, "Centre error, pixels"), menu("the centre error", errors, ERROR)),
          errors,
          gapNotes(lineGaps(state, lines, s)),
          el("label", { class: "slider" }, slider, el("span", {}, "Read at frame ", frame)),
          reading,
          lossJumps(state, lines, s, read),
          strip(state, s, read),
        ],
  );
};

const spanOf = (board, { first, last }) =>
  first === last
    ? `frame ${frameNumber(board, first)}`
    : `frames ${frameNumber(board, first)}–${frameNumber(board, last)}`;

const OVERLAP = {
  key: "overlap",
  height: 170,
  tell: (value) => value.toFixed(2),
  at: (value) => value,
  ticks: [0, 0.25, 0.5, 0.75, 1],
  most: () => 1,
};
const ERROR = {
  key: "error",
  height: 130,
  tell: (value) => `${value.toFixed(value < 10 ? 1 : 0)} px`,
  at: (value) => Math.log2(1 + value),
  ticks: ERROR_TICKS,
  most: (lines) =>
    Math.max(40, ...lines.flatMap(({ points }) => points.map(({ error }) => Math.min(error ?? 0, 1000)))),
};

const drawTime = (lines, [frames, every], width, kind, cursors, current, moments, cross) => {
  const { key, height, at, ticks, most, tell } = kind;
  const [left, right, top, bottom] = [36, width - 8, 10, height - 22];
  const highest = most(lines);
  const x = scale(0, Math.max(1, frames - 1), left, right);
  const xTicks = frameTicks(frames, width, every);
  const y = scale(0, at(highest), bottom, top);
  const shown = ticks.filter((tick) => tick <= highest).map((tick) => [at(tick), String(tick)]);
  const cursor = svg("line", { class: "cursor", y1: top, y2: bottom });
  const move = (frame) => ["x1", "x2"].forEach((end) => cursor.setAttribute(end, x(frame)));
  cursors[key] = move;
  move(current());
  const frame = scale(left, right, 0, Math.max(1, frames - 1));
  const told = (i) => {
    const found = lines.map(({ points, ...line }) => ({ ...line, point: points.find(({ last }) => last >= i) }));
    return {
      title: cross.spanText(found[0].point),
      rows: found.map(({ point, ...line }) => {
        const value = point[key];
        return {
          ...line,
          y: value === null ? null : y(at(Math.min(value, highest))),
          text: value === null ? "–" : tell(value),
        };
      }),
    };
  };
  return {
    height,
    cross: { ...cross, at: (px) => within(0, Math.round(frame(px)), frames - 1), x, top, bottom, told },
    parts: [
      axes({ x, y: (value) => y(value), xTicks, yTicks: shown, left, right, top, bottom }),
      moments.map((frame) => svg("path", { class: "moment", d: `M${x(frame)},${bottom}l-4,6h8z` })),
      cursor,
      lines.map(({ name, colour, dash, points }) =>
        svg("path", {
          "data-tracker": name,
          class: `line thin ${dash} ${colour}`,
          d: path(
            points.map((p) => [x((p.first + p.last) / 2), p[key] === null ? null : y(at(Math.min(p[key], highest)))]),
          ),
        }),
      ),
    ],
  };
};

const readings = (state, lines, frame) => [
  el(
    "thead",
    {},
    el(
      "tr",
      {},
      ["Tracker", `${state.metric} here`, "Overlap", "Error, px"].map((title, i) =>
        el("th", { scope: "col", class: i ? "number" : "name" }, title),
      ),
    ),
  ),
  el(
    "tbody",
    {},
    lines.map(({ name, points, score }) => {
      const point = points.find(({ last }) => last >= frame);
      return el(
        "tr",
        { "data-tracker": name },
        el("th", { scope: "row", class: "name" }, mark(state, name), el("span", { class: "label" }, name)),
        el("td", { class: "number" }, percent(score)),
        el("td", { class: "number" }, point.overlap === null ? "–" : point.overlap.toFixed(2)),
        el("td", { class: "number" }, point.error === null ? "–" : point.error.toFixed(point.error < 10 ? 1 : 0)),
      );
    }),
  ),
];
