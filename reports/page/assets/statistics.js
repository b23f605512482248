// Scores, intervals and p-values of any set of sequences, as rgbtbench/scoring/statistics.py and pairs.py compute them.
// What was computed is kept by the array it was computed from: other results have another array.

const LEVELS = [(1 - 0.95) / 2, (1 + 0.95) / 2];
const EQUAL = 1e-11; // a share: an interval that ends nearer to zero than this touches it

const kept = new WeakMap();
const memo = (owner, key, make) => {
  if (!kept.has(owner)) kept.set(owner, new Map());
  const known = kept.get(owner);
  if (!known.has(key)) known.set(key, make());
  return known.get(key);
};

const level = (data, value) => Math.round(value * 10 ** data.random.digits) / 10 ** data.random.digits;

// Weight of each sequence in an attribute's mean; 0 for one that does not have it.
const weightsFor = (data, board, a) =>
  memo(data.array(board.has), `weights ${a}`, () =>
    Float64Array.from(board.sequences, (_, s) =>
      hasAttribute(data, board, s, a) ? (board.pooled ? board.frames[s] : 1) : 0,
    ),
  );

const membersOf = (data, board, a) =>
  memo(data.array(board.has), `members ${a}`, () =>
    board.sequences.map((_, s) => s).filter((s) => weightsFor(data, board, a)[s] > 0),
  );

// Mean of tracker k on an attribute; NaN where a sequence is missing.
const meanScore = (data, board, k, m, a) => {
  const values = singlesOf(data, board, m);
  const weights = weightsFor(data, board, a);
  let [sum, total] = [0, 0];
  for (const s of membersOf(data, board, a)) {
    sum += weights[s] * values[k * board.sequences.length + s];
    total += weights[s];
  }
  return sum / total;
};

const resamplesOf = (data, size) =>
  memo(data.random, `resamples ${size}`, () => resamples(data.random, data.random.draws, size));

// Scores times weights of an attribute's sequences, sequence by sequence: neighbours are added together.
const weightedScores = (data, board, m, members, weights) => {
  const size = board.sequences.length;
  const trackers = board.scored.length;
  const values = singlesOf(data, board, m);
  const rows = new Float64Array(members.length * trackers);
  members.forEach((s, n) => {
    for (let k = 0; k < trackers; k++) rows[n * trackers + k] = weights[s] * values[k * size + s];
  });
  return rows;
};

// The scores of each resample, one tracker after the other; NaN for a tracker with a gap, and where the attribute was
// not drawn at all.
const drawnScores = (data, board, m, a) =>
  memo(data.array(board.hits[m]), `drawn ${a}`, () => {
    const { draws } = data.random;
    const size = board.sequences.length;
    const trackers = board.scored.length;
    const weights = weightsFor(data, board, a);
    const members = membersOf(data, board, a);
    const counts = resamplesOf(data, size);
    const rows = weightedScores(data, board, m, members, weights);
    const scores = new Float64Array(trackers * draws);
    const sums = new Float64Array(trackers);
    for (let draw = 0; draw < draws; draw++) {
      sums.fill(0);
      let total = 0;
      for (let i = 0; i < members.length; i++) {
        const times = counts[draw * size + members[i]];
        if (times === 0) continue;
        total += times * weights[members[i]];
        for (let k = 0, at = i * trackers; k < trackers; k++, at++) sums[k] += times * rows[at];
      }
      for (let k = 0; k < trackers; k++) scores[k * draws + draw] = sums[k] / total;
    }
    for (let k = 0; k < trackers; k++)
      if (Number.isNaN(meanScore(data, board, k, m, a))) scores.fill(NaN, k * draws, (k + 1) * draws);
    return scores;
  });

// As NumPy's quantile between two neighbours.
const quantile = (ordered, at) => {
  const place = at * (ordered.length - 1);
  const [low, high] = [ordered[Math.floor(place)], ordered[Math.ceil(place)]];
  const part = place - Math.floor(place);
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
};

const spanOf95 = (values) => {
  const known = values.filter((value) => value === value); // NaN is not
  if (known.length === 0) return { low: null, high: null };
  known.sort();
  const [low, high] = LEVELS.map((at) => quantile(known, at));
  return { low, high };
};

// 95 % interval of a tracker's score; nulls for fewer than two sequences.
const scoreSpan = (data, board, k, m, a) => {
  const { draws } = data.random;
  if (membersOf(data, board, a).length < 2) return { low: null, high: null };
  return spanOf95(drawnScores(data, board, m, a).slice(k * draws, (k + 1) * draws));
};

// Tracker i less tracker j: {difference, low, high}, shares of 1; null where one has a gap.
const pairSpan = (data, board, m, a, i, j) => {
  if (j < i) {
    const { difference, low, high } = pairSpan(data, board, m, a, j, i);
    const negative = (value) => (value === null ? null : -value);
    return { difference: negative(difference), low: negative(high), high: negative(low) };
  }
  return memo(data.array(board.hits[m]), `span ${a} ${i} ${j}`, () => {
    const difference = meanScore(data, board, i, m, a) - meanScore(data, board, j, m, a);
    if (Number.isNaN(difference)) return { difference: null, low: null, high: null };
    if (membersOf(data, board, a).length < 2) return { difference, low: null, high: null };
    const { draws } = data.random;
    const scores = drawnScores(data, board, m, a);
    const gains = new Float64Array(draws);
    for (let draw = 0; draw < draws; draw++) gains[draw] = scores[i * draws + draw] - scores[j * draws + draw];
    return { difference, ...spanOf95(gains) };
  });
};

// Whether tracker i is better than tracker j: so their interval says, or for a single sequence the value. Where enough
// draws are above or below, that says on which side its end lies, without sorting them.
const isBetter = (data, board, m, a, i, j) => {
  const { draws } = data.random;
  if (membersOf(data, board, a).length >= 2) {
    const scores = drawnScores(data, board, m, a);
    let [known, below] = [0, 0];
    for (let draw = 0, x = i * draws, y = j * draws; draw < draws; draw++, x++, y++) {
      const gain = scores[x] - scores[y];
      if (gain === gain) known++; // NaN is not
      if (gain <= EQUAL) below++;
    }
    const place = LEVELS[0] * (known - 1);
    if (known && below <= Math.floor(place)) return true;
    if (known && below > Math.ceil(place)) return false;
  }
  return surelyBetter(data, board, m, a, i, j);
};
const surelyBetter = (data, board, m, a, i, j) => {
  const { difference, low } = pairSpan(data, board, m, a, i, j);
  return difference !== null && (low ?? difference) > EQUAL;
};

// On how many sequences tracker i is better than, equal to, and worse than tracker j.
const countWins = (data, board, m, a, i, j) => {
  const values = singlesOf(data, board, m);
  const counts = { wins: 0, ties: 0, losses: 0 };
  for (const s of membersOf(data, board, a)) {
    const gain = level(data, values[i * board.sequences.length + s] - values[j * board.sequences.length + s]);
    if (!Number.isNaN(gain)) counts[gain > 0 ? "wins" : gain < 0 ? "losses" : "ties"]++;
  }
  return counts;
};

// Sums of a row of numbers over the sequences, with each flip's signs. rows: (n, count), sequence by sequence; members:
// which sequences these are. Eight sequences are looked up at once.
const flippedSums = (signs, flips, size, members, rows, count) => {
  const bytes = Math.ceil(size / 8);
  const sums = new Float64Array(flips * count);
  const table = new Float64Array(256 * count);
  let i = 0;
  for (let byte = 0; byte < bytes; byte++) {
    const start = i;
    while (i < members.length && members[i] >> 3 === byte) i++;
    if (i === start) continue;
    table.fill(0, 0, count);
    for (let n = start; n < i; n++) for (let c = 0; c < count; c++) table[c] -= rows[n * count + c];
    for (let pattern = 1; pattern < 256; pattern++) {
      const bit = pattern & -pattern; // one sign changed against a pattern that is known
      const n = members.indexOf(byte * 8 + 31 - Math.clz32(bit), start);
      const [own, before] = [pattern * count, (pattern ^ bit) * count];
      if (n < 0 || n >= i) table.copyWithin(own, before, before + count);
      else for (let c = 0; c < count; c++) table[own + c] = table[before + c] + 2 * rows[n * count + c];
    }
    for (let flip = 0; flip < flips; flip++) {
      const from = signs[flip * bytes + byte] * count;
      const to = flip * count;
      for (let c = 0; c < count; c++) sums[to + c] += table[from + c];
    }
  }
  return sums;
};

// p-values of a sign-flip test for every two trackers, (K, K) in a row; NaN for gaps; null until signs are drawn.
const pairTests = (data, board, m, a) => {
  const signs = signsOf(data, board.sequences.length);
  if (!signs) return null;
  return memo(data.array(board.hits[m]), `tests ${a}`, () => {
    const { flips } = data.random;
    const size = board.sequences.length;
    const count = board.scored.length;
    const weights = weightsFor(data, board, a);
    const members = membersOf(data, board, a);
    const rows = weightedScores(data, board, m, members, weights);
    const sums = flippedSums(signs, flips, size, members, rows, count);
    const bounds = new Float64Array(count * count);
    for (let i = 0; i < count; i++)
      for (let j = 0; j < i; j++)
        bounds[i * count + j] = flipBound(members.length, (n) => [rows[n * count + i], rows[n * count + j]]);
    const extreme = new Float64Array(count * count).fill(1);
    for (let flip = 0, at = 0; flip < flips; flip++, at += count)
      for (let i = 1; i < count; i++) {
        const own = sums[at + i];
        for (let j = 0; j < i; j++) {
          const gain = own - sums[at + j];
          if (gain >= bounds[i * count + j] || -gain >= bounds[i * count + j]) extreme[i * count + j]++;
        }
      }
    const tests = new Float64Array(count * count).fill(NaN);
    for (let i = 1; i < count; i++)
      for (let j = 0; j < i; j++)
        if (members.length && !Number.isNaN(bounds[i * count + j]))
          tests[i * count + j] = tests[j * count + i] = extreme[i * count + j] / (1 + flips);
    return tests;
  });
};

// The observed sum of differences, less what the order of additions may change: a tie with it counts.
const flipBound = (size, at) => {
  let [sum, span, both] = [0, 0, 0];
  for (let n = 0; n < size; n++) {
    const [one, other] = at(n);
    sum += one - other;
    span += Math.abs(one - other);
    both += one + other;
  }
  return Math.abs(sum) - 1e-12 * span - 1e-14 * both;
};

// One pair on each of the benchmark's own attributes: [{difference, low, high, p}], p null until signs are drawn.
const pairByAttribute = (data, board, m, i, j) => {
  const size = board.sequences.length;
  const own = board.attributes.map((_, a) => a).filter((a) => !board.attributes[a].of);
  const values = singlesOf(data, board, m);
  const all = board.sequences.map((_, s) => s);
  const gains = Float64Array.from(all, (s) => values[i * size + s] - values[j * size + s]);
  const weighted = new Float64Array(size * own.length);
  for (const a of own)
    for (const s of membersOf(data, board, a)) weighted[s * own.length + a] = weightsFor(data, board, a)[s] * gains[s];
  const spans = memo(data.array(board.hits[m]), `forest ${i} ${j}`, () =>
    gainSpans(data, board, m, i, j, own, weighted),
  );
  const signs = signsOf(data, size);
  const tests = signs
    ? memo(data.array(board.hits[m]), `forest tests ${i} ${j}`, () => {
        const { flips } = data.random;
        const sums = flippedSums(signs, flips, size, all, weighted, own.length);
        return own.map((a) => {
          const members = membersOf(data, board, a);
          const weight = (s) => weightsFor(data, board, a)[s];
          const bound = flipBound(members.length, (n) => [
            weight(members[n]) * values[i * size + members[n]],
            weight(members[n]) * values[j * size + members[n]],
          ]);
          if (Number.isNaN(bound) || members.length === 0) return NaN;
          let extreme = 1;
          for (let at = a; at < sums.length; at += own.length) if (Math.abs(sums[at]) >= bound) extreme++;
          return extreme / (1 + flips);
        });
      })
    : null;
  return own.map((a, n) => ({ ...spans[n], p: tests ? tests[n] : null }));
};

// The same draws as for scores, all attributes at once. weighted: (S, A) gains times weights.
const gainSpans = (data, board, m, i, j, own, weighted) => {
  const { draws } = data.random;
  const size = board.sequences.length;
  const count = own.length;
  const counts = resamplesOf(data, size);
  const totals = memo(data.array(board.has), "totals", () => {
    const found = new Float64Array(draws * count);
    for (const a of own) {
      const weights = weightsFor(data, board, a);
      const members = membersOf(data, board, a);
      for (let draw = 0; draw < draws; draw++)
        for (const s of members) found[draw * count + a] += counts[draw * size + s] * weights[s];
    }
    return found;
  });
  const means = own.map(() => new Float64Array(draws));
  const sums = new Float64Array(count);
  for (let draw = 0; draw < draws; draw++) {
    sums.fill(0);
    for (let s = 0; s < size; s++) {
      const times = counts[draw * size + s];
      if (times) for (let a = 0, at = s * count; a < count; a++, at++) sums[a] += times * weighted[at];
    }
    for (let a = 0; a < count; a++) means[a][draw] = sums[a] / totals[draw * count + a];
  }
  return own.map((a) => {
    const difference = meanScore(data, board, i, m, a) - meanScore(data, board, j, m, a);
    if (Number.isNaN(difference)) return { difference: null, low: null, high: null };
    const few = membersOf(data, board, a).length < 2;
    return { difference, ...(few ? { low: null, high: null } : spanOf95(means[a])) };
  });
};

// Holm's step-down adjustment; NaN stays NaN.
const holm = (tests) => {
  const adjusted = tests.map(() => NaN);
  const order = tests.map((_, i) => i).filter((i) => !Number.isNaN(tests[i]));
  order.sort((x, y) => tests[x] - tests[y]);
  let highest = 0;
  order.forEach((i, rank) => {
    highest = Math.max(highest, Math.min(1, tests[i] * (order.length - rank)));
    adjusted[i] = highest;
  });
  return adjusted;
};

// Mean ranks of trackers over the sequences that all of them have, 1 being the best; Friedman's test and Nemenyi's
// critical difference (Demsar, JMLR 2006, Sec. 3.2.2).
const meanRanks = (data, board, m, a, trackers) => {
  const size = board.sequences.length;
  const values = singlesOf(data, board, m);
  const members = membersOf(data, board, a).filter((s) => trackers.every((k) => !Number.isNaN(values[k * size + s])));
  const count = trackers.length;
  const sums = trackers.map(() => 0);
  let ties = 0;
  for (const s of members) {
    const own = trackers.map((k) => level(data, values[k * size + s]));
    own.forEach((value, i) => {
      const above = own.filter((other) => other > value).length;
      const same = own.filter((other) => other === value).length;
      sums[i] += above + (same + 1) / 2;
      ties += same * same - 1; // over the group: same ** 3 - same
    });
  }
  const n = members.length;
  const squares = sums.reduce((total, sum) => total + sum * sum, 0);
  const correction = 1 - ties / (count * (count * count - 1) * n);
  const statistic = ((12 / (count * n * (count + 1))) * squares - 3 * n * (count + 1)) / correction;
  return {
    sequences: n,
    ranks: sums.map((sum) => sum / n),
    p: correction > 0 ? chiSquareTail(statistic, count - 1) : 1, // all tie everywhere: 0 / 0
    critical: (studentizedRange(0.95, count) / Math.SQRT2) * Math.sqrt((count * (count + 1)) / (6 * n)),
  };
};

// Chance of a chi-square value above x: the sums for whole degrees of freedom (Abramowitz and Stegun 26.4.4, 26.4.5).
const chiSquareTail = (x, degrees) => {
  if (x <= 0) return 1;
  let term = degrees % 2 ? Math.sqrt((2 * x) / Math.PI) * Math.exp(-x / 2) : Math.exp(-x / 2);
  let sum = degrees % 2 ? 2 * normalTail(Math.sqrt(x)) : 0;
  for (let d = degrees % 2 ? 3 : 2; d <= degrees; d += 2) {
    sum += term;
    term *= x / d;
  }
  return sum;
};

// Chance of a standard normal value above x >= 0: Laplace's continued fraction, or the series near zero.
const normalTail = (x) => {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (x < 3) {
    let [sum, term] = [x, x];
    for (let n = 3; term > 1e-17 * sum; n += 2) {
      term *= (x * x) / n;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = x;
  for (let n = 80; n > 0; n--) fraction = x + n / fraction;
  return density / fraction;
};

// The range of `count` standard normal values that is exceeded with a chance of 1 - level.
const studentizedRange = (at, count) => {
  const step = 0.02;
  const below = (z) => (z < 0 ? normalTail(-z) : 1 - normalTail(z));
  const chance = (range) => {
    let sum = 0; // the trapezoid rule is exact to the last digits for such smooth bells
    for (let z = -8; z <= 8 + range; z += step)
      sum += Math.exp((-z * z) / 2) * (below(z) - below(z - range)) ** (count - 1);
    return (count * step * sum) / Math.sqrt(2 * Math.PI);
  };
  return memo(studentizedRange, `range ${at} ${count}`, () => {
    let [low, high] = [0, 20];
    while (high - low > 1e-9) {
      const middle = (low + high) / 2;
      if (chance(middle) < at) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  });
};
