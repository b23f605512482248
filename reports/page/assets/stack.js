// One tracker more in the arrays of the page, in their own steps; or one less.

const weightsOf = (data, board, a) =>
  board.sequences.map((_, s) => {
    if (!hasAttribute(data, board, s, a)) return 0;
    return board.scoring.protocol.average === "frame" ? board.frames[s] : 1;
  });

const curveFor = (data, board, curves, a) => {
  const weights = weightsOf(data, board, a);
  return Array.from(curves[0], (_, t) =>
    meanOf(
      curves.map((curve) => curve[t]),
      weights,
    ),
  );
};

const stepsOf = (value, steps, none) => (value === null || Number.isNaN(value) ? none : Math.round(value * steps));

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

// The tracker's share of each array of the page, in the page's own steps.
const blocksOf = (data, board, { curves, values, scores, overlaps, errors }) => {
  const { scale, traces } = board;
  const triples = scores.flat().flatMap(({ value, low, high }) => [value, low, high]);
  return [
    [board.scores, triples.map((value) => stepsOf(value, scale.score, -1))],
    ...board.curves.map((ref, m) => [
      ref,
      board.attributes.flatMap((_, a) =>
        curveFor(data, board, curves[m], a).map((value) => stepsOf(value, scale.curve, NO_SHARE)),
      ),
    ]),
    ...board.single.map((ref, m) => [ref, values[m].map((value) => stepsOf(value, scale.curve, NO_SHARE))]),
    [traces.overlap, traceSteps(board, overlaps, (value) => value * traces.overlap_steps)],
    [traces.error, traceSteps(board, errors, (value) => Math.log2(1 + value) * traces.error_steps)],
  ];
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
