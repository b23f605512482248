// One tracker's rows in, curves and scores out. The rules are those of the benchmark's protocol, which comes with the
// page's data; the arithmetic is that of rgbtbench/core/boxes.py and scoring/metrics.py, operation by operation: both
// use IEEE doubles, so that ties at a threshold fall the same way.

const LAYOUTS = {
  xywh: (b) => [b[0], b[1], b[2], b[3]],
  ltrb: (b) => [b[0], b[1], b[2] - b[0], b[3] - b[1]],
  cxcywh: (b) => [b[0] - b[2] / 2, b[1] - b[3] / 2, b[2], b[3]],
  corners: (b) => [b[0], b[1], b[2] - b[0], b[5] - b[1]],
  polygon: (b) => {
    const [x, y] = [0, 1].map((first) => [b[first], b[first + 2], b[first + 4], b[first + 6]]);
    const [left, top] = [Math.min(...x), Math.min(...y)];
    return [left, top, Math.max(...x) - left, Math.max(...y) - top];
  },
  "first-of-two": (b) => [b[0], b[1], b[2], b[3]],
  "second-of-two": (b) => [b[4], b[5], b[6], b[7]],
};
const usualLayout = (columns) => (columns === 4 ? "xywh" : "corners");
const toCorners = ([x, y, w, h]) => [x, y, x + w, y, x + w, y + h, x, y + h];

// As MATLAB rounds, halves away from zero.
const roundAway = (value) => {
  const whole = Math.trunc(value);
  return whole + (Math.abs(value - whole) >= 0.5 ? Math.sign(value) : 0);
};

// How rows become boxes, in the words of --boxes: a layout, offsets, and what row 1 is.
const readingOf = (text, { layouts, offsets, firsts }) => {
  const words = text
    .split("+")
    .map((word) => word.trim().toLowerCase())
    .filter(Boolean);
  const of = (table) => words.filter((word) => Object.hasOwn(table, word));
  const known = [layouts, offsets, firsts].map(of);
  if (
    known.flat().length < words.length ||
    known[0].length > 1 ||
    known[2].length > 1 ||
    new Set(words).size < words.length
  )
    throw new Refusal("unknown way to read boxes", {
      expected: [layouts, offsets, firsts].flatMap(Object.keys).join(", "),
      found: text,
      next: "one layout, joined by + with what else applies, such as ltrb+inclusive",
    });
  const sum = (part) => known[1].reduce((total, word) => total + offsets[word][part], 0);
  const [place, size] = [sum("place"), sum("size")];
  return {
    chosen: words.length > 0,
    layout: known[0][0] ?? null,
    offsets: known[1],
    first: known[2][0] ?? null,
    offset: [place, place, size, size],
  };
};

// Boxes (count x 4) of a sequence's rows, row 1 at frame 1.
const boxesOf = (rows, read, given, rules, rounding, where) => {
  const layout = read.layout ?? usualLayout(rows.columns);
  const { columns, rounded, meaning } = rules.layouts[layout];
  if (rows.columns !== columns)
    throw new Refusal("wrong number of columns for this layout", {
      where,
      expected: `${columns} (${meaning})`,
      found: rows.columns,
      next: "choose another way to read boxes",
    });
  const toBox = LAYOUTS[layout];
  const boxes = [];
  for (let at = 0; at < rows.count; at++) {
    let box = toBox(rows.values.subarray(at * columns, (at + 1) * columns));
    if (read.offsets.length) box = box.map((value, i) => value + read.offset[i]);
    boxes.push(rounding && rounded ? box.map(roundAway) : box);
  }
  if (read.first === "first-missing") return [[...given], ...boxes];
  if (read.first === "first-twice") return boxes.slice(1);
  if (read.first) boxes[0] = [...given];
  return boxes;
};

// Intersection over union; the -1 and +1 stay because they decide ties to the last bit.
const overlapOf = (r, g) => {
  const across = Math.min(r[0] + r[2] - 1, g[0] + g[2] - 1) - Math.max(r[0], g[0]) + 1;
  const down = Math.min(r[1] + r[3] - 1, g[1] + g[3] - 1) - Math.max(r[1], g[1]) + 1;
  const shared = Math.max(0, across) * Math.max(0, down);
  return shared / (r[2] * r[3] + g[2] * g[3] - shared);
};

const centre = (box, i, inclusive) => box[i] + (box[i + 2] - inclusive) / 2;
const QUANTITY = {
  overlap: overlapOf,
  center: (r, g, inclusive) => {
    const [x, y] = [0, 1].map((i) => centre(r, i, inclusive) - centre(g, i, inclusive));
    return Math.sqrt(x * x + y * y);
  },
  normalized: (r, g, inclusive) => {
    const [x, y] = [0, 1].map((i) => centre(r, i, inclusive) / g[i + 2] - centre(g, i, inclusive) / g[i + 2]);
    return Math.sqrt(x * x + y * y);
  },
};

// Values of one quantity in the frames of a sequence: the best annotation counts; -1 where the truth is invalid.
const quantityOf = (quantity, protocol, boxes, truths) => {
  const measure = QUANTITY[quantity];
  const best = quantity === "overlap" ? Math.max : Math.min;
  const inclusive = protocol.inclusive ? 1 : 0;
  return Float64Array.from(boxes, (box, f) => {
    if (protocol.border_is_invalid && truths.some((truth) => truth[f].some((side) => side <= 0))) return -1;
    let value = measure(box, truths[0][f], inclusive);
    for (let m = 1; m < truths.length; m++) value = best(value, measure(box, truths[m][f], inclusive));
    return value;
  });
};

const HITS = { ">": (value, t) => value > t, "<": (value, t) => value < t, "<=": (value, t) => value <= t };

// Share of hits at each threshold. The first threshold not hit, or hit, by bisection: thresholds ascend.
const curveOver = ({ hit, thresholds }, values) => {
  const hits = HITS[hit];
  const above = hit === ">";
  const steps = new Float64Array(thresholds.length + 1);
  for (const value of values) {
    let [low, high] = [0, thresholds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (hits(value, thresholds[middle]) === above) low = middle + 1;
      else high = middle;
    }
    steps[low] += 1; // NaN is no hit at any
  }
  let sum = 0;
  const curve = new Float64Array(thresholds.length);
  if (above) for (let t = thresholds.length - 1; t >= 0; t--) curve[t] = sum += steps[t + 1];
  else for (let t = 0; t < thresholds.length; t++) curve[t] = sum += steps[t];
  return curve.map((count) => count / values.length);
};

const dotOf = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

// Rows with a NaN, w <= 0 or h <= 0 repeat the row before; how many.
const repairBoxes = (boxes) => {
  let count = 0;
  for (let f = 1; f < boxes.length; f++) {
    const [x, y, w, h] = boxes[f];
    if (w > 0 && h > 0 && !Number.isNaN(x) && !Number.isNaN(y)) continue;
    boxes[f] = [...boxes[f - 1]];
    count += 1;
  }
  return count;
};

// A whole set of results: {curves: metric -> S curves, boxes: S, repairs: words}. rows, places: by sequence, in order.
const scoreRows = async ({ rows, places, names, truths, lengths, read, protocol, rules, pause }) => {
  const repairs = new Map();
  const note = (what, count, name) => {
    if (!count) return;
    if (!repairs.has(what)) repairs.set(what, { count: 0, names: [] });
    const noted = repairs.get(what);
    noted.count += count;
    noted.names.push(name);
  };
  const curves = protocol.measures.map(() => []);
  const [overlaps, errors] = [[], []];
  for (let s = 0; s < names.length; s++) {
    const [name, length, truth, where] = [names[s], lengths[s], truths[s], places[s]];
    let boxes = boxesOf(rows[s], read, truth[0][0], rules, protocol.round_corners, where);
    const lacking = protocol.one_short.includes(name) || read.first === "first-twice" ? 1 : 0;
    if (boxes.length < length - lacking)
      throw new Refusal(`too few rows for ${name}`, {
        where: `${where}:${boxes.length}`,
        expected: `${length} rows, one per frame`,
        found: `${boxes.length} rows`,
        next: "run the tracker again on this sequence",
      });
    note("surplus rows, cut off", Math.max(0, boxes.length - length), name);
    note("missing last rows, frames left out", boxes.length < length ? 1 : 0, name);
    boxes = boxes.slice(0, length);
    if (protocol.repair) note("rows with NaN, w <= 0 or h <= 0, which repeat the row before", repairBoxes(boxes), name);
    if (protocol.first_frame === "truth") {
      const other = boxes[0].some((value, i) => value !== truth[0][0][i]);
      note("first rows that are not the truth, replaced by it", other ? 1 : 0, name);
      boxes[0] = [...truth[0][0]];
    }
    const bad = boxes.findIndex((box) => !Number.isFinite(box[0] + box[1] + box[2] + box[3]));
    if (bad >= 0)
      throw new Refusal("box is not finite", {
        where: `${where}:${bad + 1}`,
        expected: "finite numbers",
        found: boxes[bad].join(" ").replaceAll("Infinity", "inf"),
        next: "run the tracker again on this sequence",
      });
    const known = new Map();
    const values = (quantity) => {
      if (!known.has(quantity)) known.set(quantity, quantityOf(quantity, protocol, boxes, truth));
      return known.get(quantity);
    };
    protocol.measures.forEach((measure, m) => curves[m].push(curveOver(measure, values(measure.quantity))));
    overlaps.push(values("overlap"));
    errors.push(values("center"));
    await pause();
  }
  const told = [...repairs].map(([what, { count, names: own }]) => {
    const some = own.slice(0, 3).join(", ") + (own.length > 3 ? ", ..." : "");
    return `${count.toLocaleString("en")} ${what} in ${own.length} sequences (${some})`;
  });
  return { curves, overlaps, errors, repairs: told };
};

// Weighted mean over sequences; NaN where there are none.
const meanOf = (values, weights) => dotOf(values, weights) / weights.reduce((sum, w) => sum + w, 0);

// 95 % interval of a weighted mean, by the draws that the command line has; nulls for one sequence.
const intervalOf = (data, values, weights) => {
  const size = values.length;
  if (weights.filter((weight) => weight > 0).length < 2) return { low: null, high: null };
  const [counts, { draws }] = [resamplesOf(data, size), data.random];
  const means = Float64Array.from({ length: draws }, (_, draw) => {
    let [sum, total] = [0, 0];
    for (let s = 0; s < size; s++) {
      const weight = counts[draw * size + s] * weights[s];
      sum += weight * values[s];
      total += weight;
    }
    return sum / total;
  });
  return spanOf95(means);
};
