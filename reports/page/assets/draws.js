// The random numbers of the command line: NumPy's generator of seed 0 (PCG64, XSL-RR; O'Neill, HMC-CS-2014-0905), whose
// state the page brings along. So the page resamples the same sequences, and its intervals and p-values are the same.

const MULTIPLIER = [0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360]; // 16 bits each, lowest first

// Answers the next 32 bits at each call.
const stream = ({ state, step }) => {
  const own = Float64Array.from(state);
  const next = new Float64Array(8);
  let kept = null;
  const advance = () => {
    let carry = 0;
    for (let i = 0; i < 8; i++) {
      let sum = carry + step[i]; // at most eight products of 32 bits: below 2 ** 53
      for (let j = 0; j <= i; j++) sum += own[j] * MULTIPLIER[i - j];
      carry = Math.floor(sum / 65536);
      next[i] = sum - carry * 65536;
    }
    own.set(next);
  };
  return () => {
    if (kept !== null) {
      const high = kept;
      kept = null;
      return high;
    }
    advance();
    let high = ((own[7] ^ own[3]) << 16) | (own[6] ^ own[2]);
    let low = ((own[5] ^ own[1]) << 16) | (own[4] ^ own[0]);
    let turn = own[7] >>> 10;
    if (turn >= 32) {
      [high, low] = [low, high];
      turn -= 32;
    }
    if (turn) [high, low] = [(high >>> turn) | (low << (32 - turn)), (low >>> turn) | (high << (32 - turn))];
    kept = high >>> 0;
    return low >>> 0;
  };
};

// How often each of `size` sequences is in each resample, one resample after the other (Lemire, TOMACS 2019).
const resamples = (seed, draws, size) => {
  const random = stream(seed);
  const counts = new Uint8Array(draws * size);
  const threshold = (2 ** 32 - size) % size;
  for (let start = 0; start < counts.length; start += size)
    for (let i = 0; i < size; i++) {
      let product = random() * size; // below 2 ** 53
      while (product % 2 ** 32 < threshold) product = random() * size;
      counts[start + Math.floor(product / 2 ** 32)]++;
    }
  return counts;
};

// Signs of each sequence in each flip, 1 for plus: eight sequences to a byte, the flips of a byte beside one another.
// Drawn in rounds, each from whole 32 bits. It rests after each round, so that a page can answer in between.
const signFlips = function* (seed, flips, size, round = 1000) {
  const random = stream(seed);
  const signs = new Uint8Array(flips * Math.ceil(size / 8));
  for (let start = 0; start < flips; start += round) {
    let bits = 0;
    let left = 0;
    for (let flip = start; flip < start + round; flip++)
      for (let i = 0; i < size; i++) {
        if (left === 0) {
          bits = random();
          left = 4;
        }
        if (bits & 0x80) signs[(i >> 3) * flips + flip] |= 1 << (i & 7);
        bits >>>= 8;
        left--;
      }
    yield;
  }
  return signs;
};
