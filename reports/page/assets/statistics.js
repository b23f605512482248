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

// Mean of each tracker on an attribute; NaN where a sequence is missing.
const meanScores = (data, board, m, a) =>
  memo(data.array(board.hits[m]), `means ${a}`, () => {
    const values = singlesOf(data, board, m);
    const weights = weightsFor(data, board, a);
    return board.scored.map((_, k) => {
      let [sum, total] = [0, 0];
      for (const s of membersOf(data, board, a)) {
        sum += weights[s] * values[k * board.sequences.length + s];
        total += weights[s];
      }
      return sum / total;
    });
  });
const meanScore = (data, board, k, m, a) => meanScores(data, board, m, a)[k];

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

// Weights of the sequences of an attribute that each resample drew, added up.
const drawnWeights = (data, board, a) =>
  memo(data.array(board.has), `drawn weights ${a}`, () => {
    const size = board.sequences.length;
    const weights = weightsFor(data, board, a);
    const members = membersOf(data, board, a);
    const counts = resamplesOf(data, size);
    return Float64Array.from({ length: data.random.draws }, (_, draw) => {
      let total = 0;
      for (let n = 0; n < members.length; n++) total += counts[draw * size + members[n]] * weights[members[n]];
      return total;
    });
  });

// In how many of them any was drawn.
const knownDraws = (data, board, a) =>
  memo(
    data.array(board.has),
    `known draws ${a}`,
    () => drawnWeights(data, board, a).filter((total) => total > 0).length,
  );

// The scores of each resample, one tracker after the other; NaN for a tracker with a gap, and where the attribute was
// not drawn at all. Four sequences are added at once: the sums are written a fourth as often.
const drawnScores = (data, board, m, a) =>
  memo(data.array(board.hits[m]), `drawn ${a}`, () => {
    const { draws } = data.random;
    const size = board.sequences.length;
    const trackers = board.scored.length;
    const totals = drawnWeights(data, board, a);
    const members = membersOf(data, board, a).slice();
    const rows = new Float64Array(Math.ceil(members.length / 4) * 4 * trackers);
    rows.set(weightedScores(data, board, m, members, weightsFor(data, board, a)));
    while (members.length % 4) members.push(members[0]); // its row is 0
    const counts = resamplesOf(data, size);
    const scores = new Float64Array(trackers * draws);
    const sums = new Float64Array(trackers);
    for (let draw = 0; draw < draws; draw++) {
      sums.fill(0);
      for (let n = 0, base = draw * size; n < members.length; n += 4) {
        const p = counts[base + members[n]];
        const q = counts[base + members[n + 1]];
        const r = counts[base + members[n + 2]];
        const s = counts[base + members[n + 3]];
        for (let k = 0, at = n * trackers; k < trackers; k++, at++)
          sums[k] += p * rows[at] + q * rows[at + trackers] + r * rows[at + 2 * trackers] + s * rows[at + 3 * trackers];
      }
      for (let k = 0; k < trackers; k++) scores[k * draws + draw] = sums[k] / totals[draw];
    }
    for (let k = 0; k < trackers; k++)
      if (Number.isNaN(meanScore(data, board, k, m, a))) scores.fill(NaN, k * draws, (k + 1) * draws);
    return scores;
  });

// The smallest and the largest `size` values, from the ends on, and how many there are: NaN is none. Of 2,000 values
// only these are asked for, and few of them have to be moved.
const endsOf = (values, size) => {
  const last = size - 1;
  const [lowest, highest] = [new Float64Array(size).fill(Infinity), new Float64Array(size).fill(-Infinity)];
  let known = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === value) known++;
    if (value < lowest[last]) {
      let at = last;
      for (; at > 0 && lowest[at - 1] > value; at--) lowest[at] = lowest[at - 1];
      lowest[at] = value;
    }
    if (value > highest[last]) {
      let at = last;
      for (; at > 0 && highest[at - 1] < value; at--) highest[at] = highest[at - 1];
      highest[at] = value;
    }
  }
  return { lowest, highest, known };
};

// As NumPy's quantiles between two neighbours.
const spanOf95 = (values) => {
  const { lowest, highest, known } = endsOf(values, Math.ceil(LEVELS[0] * values.length) + 1);
  if (known === 0) return { low: null, high: null };
  const between = (place, value) => {
    const [from, to] = [value(Math.floor(place)), value(Math.ceil(place))];
    const part = place - Math.floor(place);
    return part < 0.5 ? from + (to - from) * part : to - (to - from) * (1 - part);
  };
  return {
    low: between(LEVELS[0] * (known - 1), (i) => lowest[i]),
    high: between(LEVELS[1] * (known - 1), (i) => highest[known - 1 - i]),
  };
};

// 95 % interval of a tracker's score; nulls for fewer than two sequences.
const scoreSpan = (data, board, k, m, a) => {
  const { draws } = data.random;
  if (membersOf(data, board, a).length < 2) return { low: null, high: null };
  return spanOf95(drawnScores(data, board, m, a).subarray(k * draws, (k + 1) * draws));
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
    for (let draw = 0, x = i * draws, y = j * draws; draw < draws; draw++, x++, y++)
      gains[draw] = scores[x] - scores[y];
    return { difference, ...spanOf95(gains) };
  });
};

// In how many draws the first score is not better, counted until they are too many to be a tail. NaN is no draw.
const countWorse = (scores, first, second, draws, most) => {
  let worse = 0;
  for (let draw = 0; draw < draws && worse <= most; draw++)
    if (scores[first + draw] - scores[second + draw] <= EQUAL) worse++;
  return worse;
};

// Whether tracker i is better than tracker j: so their interval says, or for a single sequence the value. Where enough
// draws are above zero or not, that says on which side its end lies, without looking for it.
const isBetter = (data, board, m, a, i, j) => {
  const { draws } = data.random;
  if (membersOf(data, board, a).length >= 2) {
    const known = knownDraws(data, board, a);
    const most = Math.ceil(LEVELS[0] * (known - 1));
    const worse = countWorse(drawnScores(data, board, m, a), i * draws, j * draws, draws, most);
    if (worse > most) return false;
    const gap = Number.isNaN(meanScore(data, board, i, m, a) - meanScore(data, board, j, m, a));
    if (!gap && worse <= most - 1) return true;
  }
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

// The sum of some sequences' values with each flip's signs. Eight sequences are looked up at once, and four such sums
// are added at once.
const flippedSums = (signs, flips, members, values) => {
  const sums = new Float64Array(flips);
  const bytes = [...new Set(members.map((s) => s >> 3))];
  while (bytes.length % 4) bytes.push(bytes[0]); // its table stays 0
  const table = new Float64Array(256 * bytes.length);
  members.forEach((s, n) => {
    const start = 256 * bytes.indexOf(s >> 3);
    for (let byte = 0; byte < 256; byte++) table[start + byte] += (byte >> (s & 7)) & 1 ? values[n] : -values[n];
  });
  for (let i = 0; i < bytes.length; i += 4) {
    const [p, q, r, s] = bytes.slice(i, i + 4).map((byte) => byte * flips);
    const [x, y, z, w] = [0, 1, 2, 3].map((n) => 256 * (i + n));
    for (let flip = 0; flip < flips; flip++)
      sums[flip] +=
        table[x + signs[p + flip]] +
        table[y + signs[q + flip]] +
        table[z + signs[r + flip]] +
        table[w + signs[s + flip]];
  }
  return sums;
};

// p-values of a sign-flip test for every two trackers, (K, K) in a row; NaN for gaps; null until signs are drawn.
const pairTests = (data, board, m, a) => {
  const signs = signsOf(data, board.sequences.length);
  if (!signs) return null;
  return memo(data.array(board.hits[m]), `tests ${a}`, () => {
    const { flips } = data.random;
    const count = board.scored.length;
    const members = membersOf(data, board, a);
    const rows = weightedScores(data, board, m, members, weightsFor(data, board, a));
    const own = board.scored.map((_, k) => Float64Array.from(members, (_, n) => rows[n * count + k]));
    const sums = own.map((values) => flippedSums(signs, flips, members, values));
    const tests = new Float64Array(count * count).fill(NaN);
    for (let i = 1; i < count; i++)
      for (let j = 0; j < i; j++) {
        const bound = flipBound(own[i], own[j]);
        if (Number.isNaN(bound) || !members.length) continue;
        const [x, y] = [sums[i], sums[j]];
        let extreme = 1;
        for (let flip = 0; flip < flips; flip++) if (Math.abs(x[flip] - y[flip]) >= bound) extreme++;
        tests[i * count + j] = tests[j * count + i] = extreme / (1 + flips);
      }
    return tests;
  });
};

// The observed sum of differences, less what the order of additions may change: a tie with it counts.
const flipBound = (ones, others) => {
  let [sum, span, both] = [0, 0, 0];
  ones.forEach((one, n) => {
    sum += one - others[n];
    span += Math.abs(one - others[n]);
    both += one + others[n];
  });
  return Math.abs(sum) - 1e-12 * span - 1e-14 * both;
};

// One pair on each of the benchmark's own attributes: [{difference, low, high, p}], p null until signs are drawn.
const pairByAttribute = (data, board, m, i, j) => {
  const own = board.attributes.map((_, a) => a).filter((a) => !board.attributes[a].of);
  const spans = memo(data.array(board.hits[m]), `forest ${i} ${j}`, () =>
    own.map((a) => gainSpan(data, board, m, a, i, j)),
  );
  const signs = signsOf(data, board.sequences.length);
  const tests = signs
    ? memo(data.array(board.hits[m]), `forest tests ${i} ${j}`, () =>
        own.map((a) => gainTest(data, board, m, a, i, j, signs)),
      )
    : null;
  return own.map((a, n) => ({ ...spans[n], p: tests ? tests[n] : null }));
};

// The same interval as pairSpan's, without the draws of all other trackers.
const gainSpan = (data, board, m, a, i, j) => {
  const difference = meanScore(data, board, i, m, a) - meanScore(data, board, j, m, a);
  const members = membersOf(data, board, a);
  if (Number.isNaN(difference)) return { difference: null, low: null, high: null };
  if (members.length < 2) return { difference, low: null, high: null };
  const [ones, others] = weightedOf(data, board, m, a, i, j);
  const gains = ones.map((one, n) => one - others[n]);
  const totals = drawnWeights(data, board, a);
  const size = board.sequences.length;
  const counts = resamplesOf(data, size);
  const means = totals.map((total, draw) => {
    let sum = 0;
    for (let n = 0; n < members.length; n++) sum += counts[draw * size + members[n]] * gains[n];
    return sum / total;
  });
  return { difference, ...spanOf95(means) };
};

// The same p-value as pairTests'.
const gainTest = (data, board, m, a, i, j, signs) => {
  const { flips } = data.random;
  const members = membersOf(data, board, a);
  const [ones, others] = weightedOf(data, board, m, a, i, j);
  const bound = flipBound(ones, others);
  if (Number.isNaN(bound) || !members.length) return NaN;
  const sums = flippedSums(
    signs,
    flips,
    members,
    ones.map((one, n) => one - others[n]),
  );
  let extreme = 1;
  for (let flip = 0; flip < flips; flip++) if (Math.abs(sums[flip]) >= bound) extreme++;
  return extreme / (1 + flips);
};

// Scores times weights of two trackers on an attribute's sequences.
const weightedOf = (data, board, m, a, ...trackers) => {
  const values = singlesOf(data, board, m);
  const weights = weightsFor(data, board, a);
  const members = membersOf(data, board, a);
  return trackers.map((k) => Float64Array.from(members, (s) => weights[s] * values[k * board.sequences.length + s]));
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
