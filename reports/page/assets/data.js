// The page's data: base64 of zlib, a JSON document that refers to arrays of small integers behind it.

const KINDS = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array };
const ALIGNMENT = 8;

const inflate = async (text) => {
  const packed = atob(text);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
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
      values = values.slice();
      const width = ref.shape.at(-1);
      for (let i = 0; i < count; i++) if (i % width) values[i] += values[i - 1];
    }
    read.set(ref, values);
    return values;
  };
  const picture = (ref) => URL.createObjectURL(new Blob([array(ref)], { type: "image/jpeg" }));
  return { ...words, array, picture };
};

// Score of scored tracker k on attribute a by measure m: value, low, high as shares of 1; null where there is none.
const scoreOf = (data, board, k, m, a) => {
  const values = data.array(board.scores);
  const at = 3 * ((k * board.measures.length + m) * board.attributes.length + a);
  const [value, low, high] = [0, 1, 2].map((i) => (values[at + i] < 0 ? null : values[at + i] / board.scale.score));
  return { value, low, high };
};

const NO_SHARE = 65535;
const share = (board, steps) => (steps === NO_SHARE ? null : steps / board.scale.curve);

// Points of a curve; null where a sequence of the attribute is missing.
const curveOf = (data, board, k, m, a) => {
  const ref = board.curves[m];
  const [, attributes, points] = ref.shape;
  const at = (k * attributes + a) * points;
  const values = data.array(ref).subarray(at, at + points);
  return values[0] === NO_SHARE ? null : Array.from(values, (steps) => share(board, steps));
};

const singleOf = (data, board, k, m, s) => share(board, data.array(board.single[m])[k * board.sequences.length + s]);

const hasAttribute = (data, board, s, a) => data.array(board.has)[a * board.sequences.length + s] === 1;

// The number of a frame as people count, where only every k-th has truth: places in the page count those alone.
const frameNumber = (board, at) => (at * board.every + 1).toLocaleString("en");

// Overlap and error over time: one {first, last, overlap, error} per point, null where nothing is known.
const traceOf = (data, board, k, s) => {
  const { points, gap } = board.traces;
  const sizes = board.frames.map((frames) => Math.min(frames, points));
  const start = sizes.slice(0, s).reduce((sum, n) => sum + n, 0);
  const at = k * board.traces.overlap.shape[1] + start;
  const frames = board.frames[s];
  const [overlaps, errors] = [data.array(board.traces.overlap), data.array(board.traces.error)];
  const first = (i) => (i ? 1 + Math.floor(((i - 1) * (frames - 1)) / Math.max(1, sizes[s] - 1)) : 0);
  return Array.from({ length: sizes[s] }, (_, i) => ({
    first: first(i),
    last: first(i + 1) - 1,
    overlap: overlaps[at + i] === gap ? null : overlaps[at + i] / board.traces.overlap_steps,
    error: errors[at + i] === gap ? null : 2 ** (errors[at + i] / board.traces.error_steps) - 1,
  }));
};
