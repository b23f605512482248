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
    let [last, lastGap, range, gap] = [0, -at, 20, 1 - at];
    while (Math.abs(gap) > 1e-13) {
      // regula falsi, with Illinois' half weight for an end that stays
      const next = range - (gap * (range - last)) / (gap - lastGap);
      const nextGap = chance(next) - at;
      if (nextGap * gap < 0) [last, lastGap] = [range, gap];
      else lastGap /= 2;
      [range, gap] = [next, nextGap];
    }
    return range;
  });
};
