// A chart answers: a line at what is nearest to the pointer, every tracker's value there, and a click that takes it.
// The slider below a chart does the same for the keyboard: while it has the focus, the values stand beside its line.

const TOLD = 12; // trackers in the list: a longer one would cover the chart
const NEAR = 28; // pixels: a line so close to the pointer is meant

const tipRows = (rows, key) => [
  el(
    "table",
    {},
    rows
      .slice(0, TOLD)
      .map(({ name, text }) =>
        el(
          "tr",
          { "data-tracker": name },
          el("td", { class: "name" }, key(name), el("span", { class: "label" }, name)),
          el("td", { class: "number" }, text),
        ),
      ),
  ),
  rows.length > TOLD ? el("span", { class: "sub" }, `and ${rows.length - TOLD} more`) : "",
];

// cross: at(pixels) -> index; x(index) -> pixels; top, bottom; told(index) -> {title, rows: [{name, y, text, and how it
// looks}]}; take(index), after a click; follow(index or null), for charts that share the line.
const crosshair = (place, picture, width, cross, key) => {
  const line = svg("line", { class: "cross", y1: cross.top, y2: cross.bottom, visibility: "hidden" });
  const dots = svg("g");
  const tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  picture.append(line, dots);
  place.append(tip);

  place.line = (i) => {
    line.setAttribute("visibility", i === null ? "hidden" : "visible");
    for (const end of ["x1", "x2"]) line.setAttribute(end, i === null ? 0 : cross.x(i));
    dots.replaceChildren();
    tip.hidden = true;
  };
  place.show = (i) => {
    place.line(i);
    const { title, rows } = cross.told(i);
    const x = cross.x(i);
    const known = rows.filter(({ y }) => y !== null).sort((a, b) => a.y - b.y);
    dots.append(...known.map(({ y, colour, shape }) => svg("g", { class: `on ${colour}` }, dot(shape, x, y, 4))));
    tip.replaceChildren(el("b", {}, title), ...tipRows([...known, ...rows.filter(({ y }) => y === null)], key));
    tip.hidden = false;
    beside(tip, x, width);
    relight(place);
    return known;
  };
  place.hide = () => {
    place.line(null);
    cross.follow?.(null);
  };

  const point = (event) => {
    const box = picture.getBoundingClientRect();
    const zoom = width / box.width;
    return [(event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom];
  };
  picture.addEventListener("pointermove", (event) => {
    const [x, y] = point(event);
    const i = cross.at(x);
    cross.follow?.(i);
    const known = place.show(i);
    const off = ({ y: own }) => Math.abs(own - y);
    const nearest = known.reduce((best, row) => (best && off(best) <= off(row) ? best : row), null);
    light(nearest && off(nearest) < NEAR ? nearest.name : null);
  });
  picture.addEventListener("pointerleave", () => {
    place.hide();
    light(null);
  });
  picture.addEventListener("click", (event) => {
    const i = cross.at(point(event)[0]);
    cross.take(i);
    place.show(i); // the chart may have been drawn anew
  });
};

// For charts of single marks: what a mark is stands beside it while the pointer or the keyboard is on it.
const answer = (place, width, { nodes, at, told }) => {
  const tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  place.append(tip);
  const show = (mark) => {
    const [x, y] = at(mark);
    tip.replaceChildren(told(mark));
    tip.hidden = false;
    beside(tip, x, width);
    tip.style.top = `${Math.max(0, y - 20)}px`;
  };
  for (const [mark, node] of nodes) {
    for (const kind of ["pointerenter", "focus"]) node.addEventListener(kind, () => show(mark));
    for (const kind of ["pointerleave", "blur"])
      node.addEventListener(kind, () => {
        tip.hidden = true;
      });
  }
};

// On the wider side of a place, and no wider than that side.
const beside = (tip, x, width) => {
  const share = (100 * x) / width;
  tip.style.left = x > width / 2 ? "auto" : `calc(${share}% + 12px)`;
  tip.style.right = x > width / 2 ? `calc(${100 - share}% + 12px)` : "auto";
  tip.style.maxWidth = `min(18rem, calc(${Math.max(share, 100 - share)}% - 14px))`;
};

// What a slider needs so that the chart above it answers to the keyboard.
const answering = (place, at) => ({
  onfocus: () => place.show(at()),
  onblur: () => place.hide(),
});

const within = (low, value, high) => Math.min(high, Math.max(low, value));
