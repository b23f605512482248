// Scores against year, with the record so far, and against speed and size, with those that nobody beats in both.
// Scored here and printed have marks and lines of their own; speeds of different hardware share no line.

const number = (text) => (/^\d+(\.\d+)?$/.test(text ?? "") ? Number(text) : null);
const UNTOLD = "hardware not told";

// What scores are drawn against. of(row): [{x, hardware?, said}], everything that is told; line: which ends are good.
const AGAINST = {
  year: {
    title: "Year",
    axis: "year of publication",
    line: "record so far",
    of: (row) => [{ x: number(row.about.year), said: [row.about.year, row.venue].filter(Boolean).join(" ") }],
  },
  fps: {
    title: "FPS",
    axis: "frames a second",
    line: "nobody is both better and faster on this hardware",
    log: true,
    down: true,
    of: (row) =>
      row.speeds.map(({ fps, hardware, reference }) => ({
        x: number(fps),
        hardware: hardware || UNTOLD,
        said: `${fps} FPS, ${hardware || UNTOLD}; ${reference}`,
      })),
  },
  params: {
    title: "Parameters",
    axis: "parameters, millions",
    line: "nobody is both better and smaller",
    log: true,
    of: ({ about }) => [{ x: number(about.params_m), said: `${about.params_m} M parameters` }],
  },
};

// Rows that the leaderboard shows; a tracker that is scored here and printed is both.
const marksOf = (state, rows, { of }) => {
  const attribute = state.shown.attributes[state.attribute].name;
  const marks = [];
  for (const row of rows) {
    if (row.is_truth) continue;
    const prints = row.print?.cells[attribute]?.[state.metric] ?? [];
    const told = [row.values[state.metric]];
    if (row.k !== null && prints.length && state.sources.has(prints[0].source))
      told.push({ value: Number(prints[0].value) / 100, source: prints[0].source, prints });
    for (const { value, source, prints } of told)
      for (const point of of(row)) {
        const printed = prints.length > 0;
        const doubtful = printed && prints[0].doubtful;
        marks.push({ ...point, name: row.name, k: row.k, y: value, source, printed, doubtful });
      }
  }
  return marks;
};

// The marks that no other of the same kind beats: from the best x on, each with a higher y than all before it.
const front = (marks, down) => {
  const best = [];
  for (const mark of [...marks].sort((a, b) => (down ? b.x - a.x : a.x - b.x) || b.y - a.y))
    if (!mark.doubtful && (!best.length || mark.y > best.at(-1).y)) best.push(mark);
  return best;
};

// A line for the scored and one for the printed, for each hardware; on hardware that nobody tells nothing compares.
const fronts = (marks, { down }) => {
  const kinds = new Map();
  for (const mark of marks) {
    if (mark.hardware === UNTOLD || mark.hardware === "the authors' own") continue;
    const kind = JSON.stringify([mark.printed, mark.hardware]);
    kinds.set(kind, [...(kinds.get(kind) ?? []), mark]);
  }
  return [...kinds.values()].map((own) => front(own, down)).filter((best) => best.length > 1);
};

const drawProgress = (state) => {
  const rows = rowsOf(state);
  const all = Object.fromEntries(Object.entries(AGAINST).map(([key, kind]) => [key, marksOf(state, rows, kind)]));
  const known = (key) => all[key].filter(({ x, y }) => x > 0 && y !== null);
  const kinds = Object.keys(AGAINST).filter((key) => known(key).length > 1);
  const key = kinds.includes(state.against) ? state.against : kinds[0];
  byId("progress").hidden = !kinds.length;
  if (!kinds.length) return;
  const kind = AGAINST[key];
  const every = known(key);
  const machines = counted(every.map(({ hardware }) => hardware).filter(Boolean));
  const hardware = machines.has(state.hardware) ? state.hardware : "";
  const marks = every.filter((mark) => !hardware || mark.hardware === hardware);
  const silent = new Set(all[key].map(({ name }) => name));
  for (const { name } of every) silent.delete(name);
  const lines = fronts(marks, kind);
  const title = `${state.metric} against ${kind.axis}`;
  const plot = drawing(
    title,
    (width) => drawMarks(state, marks, lines, kind, width),
    (name) => mark(state, name),
  );
  replace(
    byId("progress"),
    headed(
      el("h2", { id: "progress-title" }, title),
      chartMenu("the scores", "progress", plot, `${subject(state)}: ${title}`, scoredOf(state, marks), () => [
        ["tracker", state.metric, kind.axis, "hardware", "source", "in doubt"],
        ...marks.map(({ name, y, x, hardware, source, doubtful }) => [
          name,
          (100 * y).toFixed(2),
          x,
          hardware,
          state.data.sources[source],
          doubtful ? "yes" : "",
        ]),
      ]),
    ),
    el(
      "div",
      { class: "against" },
      choices(
        state,
        "Against",
        kinds.map((value) => ({ text: AGAINST[value].title, value })),
        key,
        (against) => state.set({ against }),
      ),
      machines.size > 1 &&
        select(
          "Hardware",
          "hardware",
          [["", "each on its own"], ...[...machines].map(([name, count]) => [name, `${name} (${count})`])],
          hardware,
          (hardware) => state.set({ hardware }),
        ),
    ),
    plot,
    el(
      "p",
      { class: "note" },
      sign(false),
      " scored here, ",
      sign(true),
      " printed. ",
      lines.length > 0 && `Line: ${kind.line}; dashed among the printed. `,
      kind.log && "What a mark lies at may be printed though its score is not: it says who tells it. ",
      machines.has(UNTOLD) && "Speeds on hardware that nobody tells have no line: they do not compare. ",
      marks.some(({ doubtful }) => doubtful) && "Prints in doubt are on no line. ",
    ),
    silent.size > 0 &&
      el(
        "details",
        { class: "text" },
        el("summary", { "data-key": "silent" }, `Not drawn, as nobody tells: ${plural(silent.size, "tracker")}`),
        el("p", { class: "note label" }, [...silent].join(", ")),
      ),
  );
};

// What stands below the chart in a file: those with marks of their own.
const scoredOf = (state, marks) => {
  const own = new Map(marks.filter(({ k }) => k !== null).map((one) => [one.name, one]));
  return legendOf(state, [...own.values()], ({ name }) => name);
};

const counted = (names) => {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
};

const sign = (printed) =>
  svg(
    "svg",
    { class: "mark", viewBox: "-6 -6 12 12", "aria-hidden": "true" },
    svg("circle", { class: printed ? "printed" : "scored", r: 4 }),
  );

const LABELLED = 16; // names beside their marks; more would hide one another
const LEADING = 6; // of the printed ones, the best, have theirs wherever they are
const LETTER = 6.2; // pixels, about

const drawMarks = (state, marks, lines, { axis, log, of }, width) => {
  const height = Math.min(380, Math.max(260, Math.round(width * 0.62)));
  const [left, right, top, bottom] = [36, width - 12, 12, height - 40];
  const ys = marks.map(({ y }) => y);
  const xs = marks.map(({ x }) => x);
  const [low, high] = [Math.floor(Math.min(...ys) * 20) / 20, Math.ceil(Math.max(...ys) * 20) / 20];
  const y = scale(low, high > low ? high : low + 0.05, bottom, top);
  const [start, end] = log
    ? [Math.log10(Math.min(...xs)) - 0.06, Math.log10(Math.max(...xs)) + 0.06]
    : [Math.min(...xs) - 0.4, Math.max(...xs) + 0.4];
  const place = scale(start, end, left, right);
  const x = (value) => place(log ? Math.log10(value) : value);
  const step = high - low > 0.4 ? 0.1 : 0.05;
  const yTicks = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + 1e-9; t += step) yTicks.push([t, (100 * t).toFixed(0)]);
  const apart = spread(marks, of === AGAINST.year.of ? (right - left) / (end - start) / 2 - 4 : 0, x, y);
  const drawn = [...marks].sort((a, b) => b.printed - a.printed || a.y - b.y);
  const told = ({ name, y, source, doubtful, said }) =>
    `${name}, ${state.metric} ${percent(y)}, ${said}, ${state.data.sources[source]}${doubtful ? ", in doubt" : ""}`;
  const across = [...marks].sort((a, b) => a.x - b.x || a.y - b.y);
  const foremost = drawn.filter(({ printed }) => printed).slice(-LEADING);
  const nodes = new Map();
  const visit = (mark) => nodes.get(mark).focus();
  const keys = (mark) => (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 1, ArrowDown: -1 }[event.key];
    const next = by && across[across.indexOf(mark) + by];
    if (!by) return;
    event.preventDefault();
    if (next) visit(next);
  };
  for (const mark of drawn) {
    const { colour, shape } = mark.k === null ? { colour: "", shape: "circle" } : state.look(mark.name);
    nodes.set(
      mark,
      svg(
        "g",
        {
          class: `point ${mark.printed ? "printed" : "scored"} ${colour}`,
          role: "img",
          tabindex: mark === across[0] ? 0 : -1,
          "aria-label": told(mark),
          "data-tracker": mark.name,
          onkeydown: keys(mark),
        },
        svg("circle", { class: "reach", cx: apart.get(mark), cy: y(mark.y), r: 11 }),
        dot(shape, apart.get(mark), y(mark.y), mark.printed ? 3.5 : 5),
      ),
    );
  }
  const at = (mark) => [apart.get(mark), y(mark.y)];
  return {
    height,
    role: "group",
    parts: [
      axes({ x, y, xTicks: ticksOf(start, end, log, width), yTicks, left, right, top, bottom, xLabel: axis }),
      lines.map((best) =>
        svg("path", {
          class: `front ${best[0].printed ? "printed" : ""}`,
          d: of === AGAINST.year.of ? steps(best, x, y, right) : path(best.map((mark) => [x(mark.x), y(mark.y)])),
        }),
      ),
      [...nodes.values()],
      labels(marks, [...lines.flat(), ...marks.filter(({ k }) => k !== null), ...foremost], at, [
        left,
        right,
        top,
        bottom,
      ]),
    ],
    answers: { nodes, at, told: (mark) => told(mark) },
  };
};

// Marks of one year stand side by side where they would cover one another.
const spread = (marks, room, x, y) => {
  const places = new Map();
  for (const mark of [...marks].sort((a, b) => b.y - a.y)) {
    const near = [...places].filter(([other, px]) => other.x === mark.x && Math.abs(y(other.y) - y(mark.y)) < 8);
    const taken = near.map(([, px]) => Math.round((px - x(mark.x)) / 9));
    let turn = 0;
    while (taken.includes(turn) && Math.abs(turn) * 9 <= room) turn = turn > 0 ? -turn : 1 - turn;
    places.set(mark, x(mark.x) + (Math.abs(turn) * 9 <= room ? turn * 9 : 0));
  }
  return places;
};

// A record holds until the next one, and to this day.
const steps = (best, x, y, right) => {
  const [first, ...later] = best.map((mark) => [x(mark.x).toFixed(1), y(mark.y).toFixed(1)]);
  return `M${first}${later.map(([px, py]) => `H${px}V${py}`).join("")}H${right}`;
};

const ticksOf = (start, end, log, width) => {
  if (!log) {
    const years = [];
    for (let t = Math.ceil(start); t <= end; t++) years.push([t, String(t)]);
    const keep = Math.ceil((years.length * 44) / width);
    return years.filter((_, i) => i % keep === 0);
  }
  const found = [];
  for (let decade = Math.floor(start); decade <= end; decade++)
    for (const lead of end - start > 2 ? [1] : [1, 2, 5]) {
      const value = lead * 10 ** decade;
      if (Math.log10(value) >= start && Math.log10(value) <= end)
        found.push([value, String(Number(value.toPrecision(2)))]);
    }
  return found;
};

// Names where there is room: of those scored here, then of those on a line and of the best.
const labels = (marks, wanted, at, [left, right, top, bottom]) => {
  const boxes = marks.map((mark) => at(mark)).map(([x, y]) => [x - 5, y - 5, x + 5, y + 5]);
  const own = [...wanted].sort((a, b) => a.printed - b.printed || b.y - a.y); // what is scored here has its name first
  const once = [...new Map(own.reverse().map((mark) => [mark.name, mark])).values()];
  return once.slice(-LABELLED).map((mark) => {
    const [x, y] = at(mark);
    const wide = Math.min(24, mark.name.length) * LETTER;
    const own = [x - 5, y - 5, x + 5, y + 5].join();
    for (const [dx, dy, anchor] of [
      [9, 4, "start"],
      [-9, 4, "end"],
      [0, -9, "middle"],
      [0, 17, "middle"],
    ]) {
      const from = x + dx - (anchor === "end" ? wide : anchor === "middle" ? wide / 2 : 0);
      const box = [from, y + dy - 10, from + wide, y + dy + 3];
      const free = boxes.every(
        (b) => b.join() === own || b[0] > box[2] || b[2] < box[0] || b[1] > box[3] || b[3] < box[1],
      );
      const inside = from >= left && from + wide <= right && box[1] >= top - 10 && box[3] <= bottom;
      if (!inside || !free) continue;
      boxes.push(box);
      const text = mark.name.length > 24 ? `${mark.name.slice(0, 23)}…` : mark.name;
      return svg(
        "text",
        { class: "named", x: x + dx, y: y + dy, "text-anchor": anchor, "data-tracker": mark.name },
        text,
      );
    }
    return null;
  });
};
