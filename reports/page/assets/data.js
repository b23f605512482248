// The page's data: base64 of zlib, a JSON document that refers to arrays of small integers behind it.

const KINDS = { u1: Uint8Array, u2: Uint16Array, i2: Int16Array, i4: Int32Array, f8: Float64Array };
const ALIGNMENT = 8;

const inflate = async (text) => {
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
};

// Of a row of all lowest bytes, then all next ones, the values: their copy.
const joined = (values) => {
  const width = values.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const copy = new values.constructor(values.length);
  const own = new Uint8Array(copy.buffer);
  for (let b = 0, from = 0; b < width; b++) for (let i = 0; i < values.length; i++) own[i * width + b] = bytes[from++];
  return copy;
};

const load = async () => {
  const buffer = await inflate(byId("data").textContent.trim());
  const end = 4 + new DataView(buffer).getUint32(0, true);
  const words = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, end - 4)));
  const start = end + ((ALIGNMENT - (end % ALIGNMENT)) % ALIGNMENT);
  const read = new Map();

  // The values behind a reference, last axis fastest; sums undo the differences, modulo the type's range.
  const array = (ref) => {
    if (read.has(ref)) return read.get(ref);
    const count = ref.shape.reduce((product, n) => product * n, 1);
    let values = new KINDS[ref.kind](buffer, start + ref.at, count);
    if (ref.differences) {
      values = joined(values);
      const width = ref.shape.at(-1);
      for (let i = 0; i < count; i++) if (i % width) values[i] += values[i - 1];
    }
    read.set(ref, values);
    return values;
  };
  const picture = (ref) => URL.createObjectURL(new Blob([array(ref)], { type: "image/jpeg" }));
  const keep = (ref, values) => read.set(ref, values);
  return { ...words, array, picture, keep };
};

// Score of scored tracker k on attribute a by measure m: value, low, high as shares of 1; null where there is none. Of
// a combination of attributes it is computed here.
const scoreOf = (data, board, k, m, a) => {
  if (board.attributes[a].of) {
    const value = meanScore(data, board, k, m, a);
    return Number.isNaN(value) ? { value: null, low: null, high: null } : { value, ...scoreSpan(data, board, k, m, a) };
  }
  const values = data.array(board.scores);
  const [, measures, attributes] = board.scores.shape;
  const at = 3 * ((k * measures + m) * attributes + a);
  const [value, low, high] = [0, 1, 2].map((i) => (values[at + i] < 0 ? null : values[at + i] / board.scale.score));
  return { value, low, high };
};

// Share of hits of tracker k on sequence s at each threshold; null where there are no boxes.
const hitsOf = (data, board, k, m, s) => {
  const ref = board.hits[m];
  const points = ref.shape[2];
  const at = (k * board.sequences.length + s) * points;
  const own = data.array(ref).subarray(at, at + points);
  const none = ref.kind === "u2" ? 65535 : -1;
  return own[0] === none ? null : { own, frames: board.frames[s] * board.scored[k].repeats };
};

// Points of a curve; null where a sequence of the attribute is missing.
const curveOf = (data, board, k, m, a) =>
  memo(data.array(board.hits[m]), `curve ${k} ${a}`, () => {
    const weights = weightsFor(data, board, a);
    const curve = new Float64Array(board.hits[m].shape[2]);
    let total = 0;
    for (const s of membersOf(data, board, a)) {
      const found = hitsOf(data, board, k, m, s);
      if (!found) return null;
      const share = weights[s] / found.frames;
      for (let t = 0; t < curve.length; t++) curve[t] += share * found.own[t];
      total += weights[s];
    }
    return total ? Array.from(curve, (sum) => sum / total) : null;
  });

// Score of every tracker on every sequence (K, S), as shares of 1; NaN where there are no boxes.
const singlesOf = (data, board, m) =>
  memo(data.array(board.hits[m]), "singles", () => {
    const { weights } = board.measures[m];
    const size = board.sequences.length;
    const singles = new Float64Array(board.scored.length * size).fill(NaN);
    for (let k = 0; k < board.scored.length; k++)
      for (let s = 0; s < size; s++) {
        const found = hitsOf(data, board, k, m, s);
        if (!found) continue;
        let sum = 0;
        for (let t = 0; t < weights.length; t++) sum += (found.own[t] / found.frames) * weights[t];
        singles[k * size + s] = sum;
      }
    return singles;
  });

const singleOf = (data, board, k, m, s) => {
  const value = singlesOf(data, board, m)[k * board.sequences.length + s];
  return Number.isNaN(value) ? null : value;
};

// Also of a combination: all of its attributes.
const hasAttribute = (data, board, s, a) => {
  const own = data.array(board.has);
  const { of: parts = [a] } = board.attributes[a];
  return parts.every((part) => own[part * board.sequences.length + s] === 1);
};

// The number of a frame as people count, where only every k-th has truth: places in the page count those alone.
const frameNumber = (board, at) => grouped(at * board.every + 1);

// The first frame of a sequence's i-th point, of so many: the first frame is a point of its own.
const firstOf = (frames, points, i) => (i ? 1 + Math.floor(((i - 1) * (frames - 1)) / Math.max(1, points - 1)) : 0);

// Overlap and error over time: one {first, last, overlap, error} per point, null where nothing is known.
const traceOf = (data, board, k, s) => {
  const { points, gap } = board.traces;
  const sizes = board.frames.map((frames) => Math.min(frames, points));
  const start = sizes.slice(0, s).reduce((sum, n) => sum + n, 0);
  const at = k * board.traces.overlap.shape[1] + start;
  const frames = board.frames[s];
  const [overlaps, errors] = [data.array(board.traces.overlap), data.array(board.traces.error)];
  const first = (i) => firstOf(frames, sizes[s], i);
  return Array.from({ length: sizes[s] }, (_, i) => ({
    first: first(i),
    last: first(i + 1) - 1,
    overlap: overlaps[at + i] === gap ? null : overlaps[at + i] / board.traces.overlap_steps,
    error: errors[at + i] === gap ? null : 2 ** (errors[at + i] / board.traces.error_steps) - 1,
  }));
};
