// Precision, normalised precision and success curves of the chosen trackers.

const QUANTITIES = { center: "centre error, pixels", normalized: "centre error by target size", overlap: "overlap" };
const NAMES = { center: "Precision", normalized: "Normalised precision", overlap: "Success" };

const nearest = (list, value) =>
  list.reduce((best, t, i) => (Math.abs(t - value) < Math.abs(list[best] - value) ? i : best), 0);

const drawCurves = (state) => {
  const { measure, m } = state;
  const { thresholds } = measure;
  const attribute = state.shown.attributes[state.attribute];
  const lines = state
    .picked()
    .map((tracker) => ({
      ...tracker,
      ...state.look(tracker.name),
      curve: curveOf(state.data, state.shown, tracker.k, m, state.attribute),
      score: scoreOf(state.data, state.shown, tracker.k, m, state.attribute).value,
    }))
    .sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  const unknown = lines.filter(({ curve }) => !curve).map(({ name }) => name);
  const start = measure.at ?? nearest(thresholds, thresholds.at(-1) / 2);
  const wanted = state.threshold[measure.name];
  let at = wanted === undefined ? start : nearest(thresholds, wanted);
  const name = `${NAMES[measure.quantity]}: ${state.shown.title}${state.attribute ? `, ${attribute.name}` : ""}`;
  const told = lines.map(({ name, score }) => `${name} ${percent(score)}`).join(", ");
  const reading = el("table", { class: "legend" });
  const read = (i) => {
    at = i;
    state.threshold = { ...state.threshold, [measure.name]: thresholds[i] };
    slider.value = i;
    state.keep();
    replace(reading, legend(state, lines, measure, i));
    plot.redraw();
  };
  const plot = drawing(
    `${name}. ${measure.name} ${told || "of no tracker"}`,
    (width) => drawPlot(lines, measure, width, at, read),
    (name) => mark(state, name),
  );
  replace(reading, legend(state, lines, measure, at));
  const slider = el("input", {
    type: "range",
    min: 0,
    max: thresholds.length - 1,
    value: at,
    "data-key": "threshold",
    "aria-label": "Threshold at which to read the curves",
    ...answering(plot, () => at),
    oninput: (event) => {
      read(Number(event.target.value));
      plot.show(at);
    },
  });
  replace(
    byId("curves"),
    headed(
      el("h2", { id: "curves-title" }, NAMES[measure.quantity]),
      lines.length > 0 &&
        chartMenu(
          "the curves",
          "curves",
          plot,
          name,
          legendOf(state, lines, (line) => `${line.name} ${percent(line.score)}`),
          () => [
            [`${QUANTITIES[measure.quantity]} ${measure.hit}`, ...lines.map((line) => line.name)],
            ...thresholds.map((t, i) => [
              Number(t.toFixed(6)),
              ...lines.map(({ curve }) => curve && (100 * curve[i]).toFixed(1)),
            ]),
          ],
        ),
    ),
    lines.length
      ? [
          plot,
          el("label", { class: "slider" }, slider, el("span", {}, "Read the curves at a threshold")),
          reading,
          gapNotes(scoreGaps(state, unknown, "curve")),
        ]
      : el("p", { class: "empty" }, "Tick trackers in the leaderboard to draw them."),
  );
};

const drawPlot = (lines, measure, width, at, take) => {
  const { thresholds } = measure;
  const height = Math.min(360, Math.round(width * 0.62));
  const [left, right, top, bottom] = [36, width - 8, 12, height - 40];
  const x = scale(thresholds[0], thresholds.at(-1), left, right);
  const y = scale(0, 1, bottom, top);
  const quarter = [0, 0.2, 0.4, 0.6, 0.8, 1].map((part) => thresholds[0] + part * (thresholds.at(-1) - thresholds[0]));
  const xTicks = quarter.map((t) => [t, String(Number(t.toFixed(2)))]);
  const yTicks = [0, 0.2, 0.4, 0.6, 0.8, 1].map((t) => [t, String(Math.round(100 * t))]);
  const threshold = scale(left, right, thresholds[0], thresholds.at(-1));
  const told = (i) => ({
    title: `${QUANTITIES[measure.quantity]} ${measure.hit} ${Number(thresholds[i].toFixed(2))}`,
    rows: lines.map(({ curve, ...line }) => ({
      ...line,
      y: curve && y(curve[i]),
      text: curve ? percent(curve[i]) : "–",
    })),
  });
  return {
    height,
    cross: { at: (px) => nearest(thresholds, threshold(px)), x: (i) => x(thresholds[i]), top, bottom, told, take },
    parts: [
      axes({
        x,
        y,
        xTicks,
        yTicks,
        left,
        right,
        top,
        bottom,
        xLabel: `${QUANTITIES[measure.quantity]} ${measure.hit} threshold`,
      }),
      svg("line", { class: "cursor", x1: x(thresholds[at]), x2: x(thresholds[at]), y1: top, y2: bottom }),
      [...lines]
        .reverse()
        .filter(({ curve }) => curve)
        .map(({ name, curve, colour, dash, shape }) =>
          svg(
            "g",
            { class: colour, "data-tracker": name },
            svg("path", { class: `line ${dash}`, d: path(curve.map((value, i) => [x(thresholds[i]), y(value)])) }),
            dot(shape, x(thresholds[at]), y(curve[at]), 4),
          ),
        ),
    ],
  };
};

const legend = (state, lines, measure, i) => [
  el(
    "thead",
    {},
    el(
      "tr",
      {},
      el("th", { scope: "col" }, "Tracker"),
      el("th", { scope: "col", class: "number" }, measure.name),
      el("th", { scope: "col", class: "number" }, `at ${Number(measure.thresholds[i].toFixed(2))}`),
    ),
  ),
  el(
    "tbody",
    {},
    lines.map(({ name, curve, score }) =>
      el(
        "tr",
        { "data-tracker": name, tabindex: 0 },
        el("th", { scope: "row", class: "name" }, mark(state, name), el("span", { class: "label" }, name)),
        el("td", { class: "number" }, percent(score)),
        el("td", { class: "number" }, curve ? percent(curve[i]) : "–"),
      ),
    ),
  ),
];
