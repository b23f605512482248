// What all drawings share: scales, ticks, marks, and a place that draws again when its width changes.

const scale = (from, to, start, end) => (value) => start + ((value - from) / (to - from)) * (end - start);

const dot = (shape, x, y, r) => {
  if (shape === "circle") return svg("circle", { cx: x, cy: y, r });
  if (shape === "square") return svg("rect", { x: x - r * 0.9, y: y - r * 0.9, width: r * 1.8, height: r * 1.8 });
  const corners = {
    diamond: [
      [0, -1.25],
      [1.25, 0],
      [0, 1.25],
      [-1.25, 0],
    ],
    triangle: [
      [0, -1.2],
      [1.2, 0.9],
      [-1.2, 0.9],
    ],
    down: [
      [0, 1.2],
      [1.2, -0.9],
      [-1.2, -0.9],
    ],
    hourglass: [
      [-1.1, -1.1],
      [1.1, -1.1],
      [-1.1, 1.1],
      [1.1, 1.1],
    ],
    cross: [
      [-0.4, -1.2],
      [0.4, -1.2],
      [0.4, -0.4],
      [1.2, -0.4],
      [1.2, 0.4],
      [0.4, 0.4],
      [0.4, 1.2],
      [-0.4, 1.2],
      [-0.4, 0.4],
      [-1.2, 0.4],
      [-1.2, -0.4],
      [-0.4, -0.4],
    ],
  }[shape];
  return svg("polygon", { points: corners.map(([a, b]) => `${x + a * r},${y + b * r}`).join(" ") });
};

// A path through points; a gap wherever there is no value.
const path = (points) => {
  let pen = false;
  return points
    .map(([x, y]) => {
      if (y === null) {
        pen = false;
        return "";
      }
      const step = `${pen ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`;
      pen = true;
      return step;
    })
    .join("");
};

const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) if (target.drawn !== target.clientWidth) target.redraw();
});

// Charts that are new: at once, so that what is below them stays where it was.
const drawCharts = (place) => {
  for (const chart of place?.querySelectorAll(".drawing") ?? []) if (chart.drawn === null) chart.redraw();
};

// A drawing as wide as its place: draw(width) gives the height, the parts, and what crosshair.js asks, if it answers;
// key(name) is a tracker's mark there.
const drawing = (label, draw, key) => {
  const place = el("div", { class: "drawing" });
  place.redraw = (room = place.clientWidth) => {
    const width = Math.max(240, room || 640);
    place.drawn = place.clientWidth;
    const { height, parts, cross, answers, role = "img" } = draw(width);
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width: "100%", role, "aria-label": label }, parts);
    place.replaceChildren(picture);
    if (answers) answer(place, width, answers);
    if (cross) crosshair(place, picture, width, cross, key);
    relight(place);
  };
  place.drawn = null;
  observer.observe(place);
  return place;
};

// Horizontal grid with labels left of it, vertical ticks with labels below.
const axes = ({ x, y, xTicks, yTicks, left, right, top, bottom, xLabel, yLabel }) => [
  yTicks.map(([value, text]) => [
    svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
    svg("text", { class: "tick", x: left - 6, y: y(value) + 4, "text-anchor": "end" }, text),
  ]),
  xTicks.map(([value, text]) =>
    svg("text", { class: "tick", x: x(value), y: bottom + 16, "text-anchor": "middle" }, text),
  ),
  svg("line", { class: "base", x1: left, x2: right, y1: bottom, y2: bottom }),
  xLabel && svg("text", { class: "tick", x: right, y: bottom + 32, "text-anchor": "end" }, xLabel),
  yLabel && svg("text", { class: "tick", x: left - 6, y: top - 8, "text-anchor": "start" }, yLabel),
];

// Round numbers of frames, not too many.
const frameTicks = (rows, width, every) => {
  const frames = (rows - 1) * every + 1;
  const rough = frames / Math.max(2, width / 90);
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((n) => n * unit >= rough) * unit);
  const ticks = [[0, "1"]];
  for (let t = step; t <= frames - step / 3; t += step) ticks.push([(t - 1) / every, grouped(t)]);
  return ticks;
};
