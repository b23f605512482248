// One tracker more in the arrays of the page, in their own steps; or one less.

const stepsOf = (value, steps) => (value === null || Number.isNaN(value) ? -1 : Math.round(value * steps));

// Attributes of the benchmark's own; combinations stand behind them.
const ownAttributes = (board) => board.attributes.slice(0, board.scores.shape[2]);

// A line of the timeline: means over the frames of each of its points, as bytes.
const traceSteps = (board, values, toStep) =>
  values.flatMap((own, s) => {
    const count = Math.min(board.frames[s], board.traces.points);
    const first = (i) => firstOf(board.frames[s], count, i);
    return Array.from({ length: count }, (_, i) => {
      const there = [...own.slice(first(i), first(i + 1))].filter((value) => value >= 0); // NaN and -1: no value
      return there.length ? Math.min(board.traces.gap - 1, Math.round(toStep(mean(there)))) : board.traces.gap;
    });
  });

// Where overlap was low for long: [first frame, frames] of each loss, by sequence.
const foundLosses = (data, board, overlaps) =>
  overlaps.map((own) => {
    const found = [];
    let first = 0;
    for (let f = 0; f <= own.length; f++) {
      if (own[f] >= 0 && own[f] <= data.dropping.lost) continue;
      if (f - first >= board.lost.row) found.push([first, f - first]);
      first = f + 1;
    }
    return found;
  });

// The tracker's share of each array of the page, in the page's own steps.
const blocksOf = (board, { curves, scores, overlaps, errors }, losses) => {
  const { scale, traces } = board;
  const triples = scores.flat().flatMap(({ value, low, high }) => [value, low, high]);
  return [
    [board.scores, triples.map((value) => stepsOf(value, scale.score))],
    ...board.hits.map((ref, m) => [
      ref,
      curves[m].flatMap((curve, s) => Array.from(curve, (hit) => Math.round(hit * board.frames[s]))),
    ]),
    [traces.overlap, traceSteps(board, overlaps, (value) => value * traces.overlap_steps)],
    [traces.error, traceSteps(board, errors, (value) => Math.log2(1 + value) * traces.error_steps)],
    [board.lost.counts, losses.map((own) => own.length)],
  ];
};

// All losses of all trackers, first frames and then frames, with some behind the first `start` of them for `count`.
const spliceLosses = (data, board, start, count, losses) => {
  const ref = board.lost.runs;
  const [total, old] = [ref.shape[1], data.array(ref)];
  const rows = [0, 1].map((row) => Array.from(old.subarray(row * total, (row + 1) * total)));
  rows.forEach((row, i) => row.splice(start, count, ...losses.map((loss) => loss[i])));
  ref.shape[1] = rows[0].length;
  data.keep(ref, old.constructor.from(rows.flat()));
};

const sumOf = (list) => list.reduce((sum, value) => sum + value, 0);

const stack = (data, board, scored) => {
  const losses = foundLosses(data, board, scored.overlaps);
  spliceLosses(data, board, board.lost.runs.shape[1], 0, losses.flat());
  for (const [ref, block] of blocksOf(board, scored, losses)) extend(data, ref, block);
};

const unstack = (data, board, k) => {
  const size = board.sequences.length;
  const counts = data.array(board.lost.counts);
  const [before, own] = [counts.subarray(0, k * size), counts.subarray(k * size, (k + 1) * size)].map(sumOf);
  spliceLosses(data, board, before, own, []);
  const { overlap, error } = board.traces;
  for (const ref of [board.scores, ...board.hits, overlap, error, board.lost.counts]) shorten(data, ref, k);
};

// Put a tracker's numbers behind those of the others, or take those of the k-th out.
const extend = (data, ref, block) => {
  const old = data.array(ref);
  const values = new old.constructor(old.length + block.length);
  values.set(old);
  values.set(block, old.length);
  ref.shape[0] += 1;
  data.keep(ref, values);
};
const shorten = (data, ref, k) => {
  const old = data.array(ref);
  const size = old.length / ref.shape[0];
  const values = new old.constructor(old.length - size);
  values.set(old.subarray(0, k * size));
  values.set(old.subarray((k + 1) * size), k * size);
  ref.shape[0] -= 1;
  data.keep(ref, values);
};
