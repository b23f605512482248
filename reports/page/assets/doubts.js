// Whether rows are what they seem to be, as rgbtbench/scoring/format_check.py judges it: a wrong layout, unit, offset
// or frame gives low scores and no error. Its numbers come with the page's data.

const share = (flags) => `${Math.round(100 * mean(flags))}%`;

class FormatCheck extends Fits {
  refusal(what, s, line, expected, found, next) {
    return { what, error: new Refusal(what, { where: `${this.places[s]}:${line}`, expected, found, next }) };
  }
  // The present reading and more.
  reading(...words) {
    return [this.read.layout, ...this.read.offsets, ...words].filter(Boolean).join("+");
  }
  of(flags) {
    return `${flags.filter(Boolean).length} of ${flags.length}`;
  }

  layout() {
    const { most, hopeless, many } = this.limits;
    const [first, follow] = [mean(this.usual.first), mean(this.usual.follow)];
    const guesses = this.others();
    const key = (guess) => [mean(guess.first), mean(guess.shared)];
    const larger = ([a, x], [b, y]) => a > b || (a === b && x > y);
    const byFirst = guesses.reduce((best, guess) => (larger(key(guess), key(best)) ? guess : best));
    const wins = (guess) => mean(this.beats(guess, this.usual));
    const byFollow = guesses.reduce((best, guess) => (wins(guess) > wins(best) ? guess : best));
    const mixed = this.mixed(guesses);
    if (mixed) return [mixed];
    if (first < most) {
      if (mean(byFirst.first) >= most && mean(byFirst.follow) >= follow) return [this.as(byFirst, "first")];
      if (follow < most) return [this.nowhere("first boxes fit the truth in no known layout", 1, guesses, "first")];
      const odd = this.of(this.usual.first.map((fits) => !fits));
      const undone = `${this.reading("first-given")} puts the given boxes there`;
      return [{ what: `${odd} first boxes are not the truth's, though rows 2 to 6 fit; ${undone}` }];
    }
    if (wins(byFollow) >= most) return [this.as(byFollow, "follow")];
    if (follow < hopeless && this.names.length >= many && this.jumps() >= most)
      return [this.nowhere("boxes leave the truth in row 2, though row 1 fits", 2, guesses, "follow")];
    return [];
  }

  as(best, part) {
    const [now, old] = [best[part], this.usual[part]];
    const odd = part === "first" ? now.map((fits, s) => fits && !old[s]) : this.beats(best, this.usual);
    const [rows, line] = part === "first" ? ["first boxes", 1] : ["rows 2 to 6", 2];
    let advice = "write the files again: x y w h in pixels of the original images";
    if (best.layout) {
      const plain = { ...this.read, layout: best.layout, offset: [0, 0, 0, 0] };
      const changes = part === "first" ? this.commonOffset(plain)[0] : ["first-given"];
      advice = `read the boxes as ${[best.layout, ...changes].join("+")}`;
    }
    return this.refusal(
      `the boxes look like ${best.meaning}`,
      Math.max(0, odd.indexOf(true)),
      line,
      this.usual.meaning,
      `${rows} that fit the truth: ${share(now)} in that layout, ${share(old)} in the expected one`,
      `${advice}; or as ${this.usual.layout} if they are right`,
    );
  }

  nowhere(what, line, guesses, part) {
    const tried = [this.usual, ...guesses].filter(({ layout }) => layout);
    const best = Math.round(100 * Math.max(...guesses.map((guess) => mean(guess[part]))));
    const told = tried.map((fit) => `${share(fit[part])} as ${fit.layout}`).join(", ");
    return this.refusal(
      what,
      0,
      line,
      part === "first" ? "the box that the tracker was given, in row 1" : "rows 2 to 6 that stay with the target",
      `sequences that fit: ${told}, at most ${best}% with swapped columns or another size`,
      `compare a file with the truth; read the boxes as ${this.usual.layout} if it is right`,
    );
  }

  // Some sequences fit in another layout alone.
  mixed(guesses) {
    const { few, coincidence, nearlyAll } = this.limits;
    const strangers = this.usual.first.map((fits, s) => !fits && !this.usual.follow[s]);
    const several = Math.max(few, coincidence * this.names.length);
    const count = (flags) => flags.filter(Boolean).length;
    let found = null;
    for (const guess of guesses) {
      const whole = strangers.map((stranger, s) => stranger && guess.first[s] && guess.follow[s]);
      const later = this.beats(guess, this.usual);
      if (!(mean(this.beats(this.usual, guess)) > 1 - nearlyAll)) continue;
      if (!(whole.some(Boolean) || (guess.known && count(later) >= several))) continue;
      const flags = whole.map((fits, s) => fits || later[s]);
      if (!found || count(flags) > count(found.flags)) found = { flags, guess };
    }
    if (!found) return null;
    const odd = this.names.map((_, s) => s).filter((s) => found.flags[s]);
    const some = odd.slice(0, 3).map((s) => this.names[s]);
    return this.refusal(
      `${odd.length} of ${this.names.length} files look like ${found.guess.meaning}`,
      odd[0],
      this.usual.first[odd[0]] ? 2 : 1,
      `${this.usual.meaning}, as in the other files`,
      some.join(", ") + (odd.length > 3 ? ", ..." : ""),
      `write these files again; or read the boxes as ${this.usual.layout} if they are right`,
    );
  }

  // Corners that are those of no upright box.
  rotation() {
    let [count, all, first] = [0, 0, null];
    this.rows.forEach(({ columns, count: size, values: v }, s) => {
      if (columns !== 8) return;
      all += size;
      for (let k = 0; k < size; k++) {
        const [ax, ay, bx, by, cx, cy, dx, dy] = v.subarray(8 * k, 8 * k + 8);
        const sides = [ax - dx, bx - cx, ay - by, cy - dy].map(Math.abs);
        if (!(Math.max(...sides) > this.limits.upright)) continue;
        count += 1;
        first ??= [s, k + 1];
      }
    });
    if (!count) return [];
    return [
      this.refusal(
        "the boxes are rotated",
        ...first,
        `corners of upright boxes (${this.rules.layouts.corners.meaning})`,
        `${count} of ${all} rows with corners that are not upright`,
        "read the boxes as polygon, which takes the box around them, or as corners, as toolkits do",
      ),
    ];
  }

  // Boxes of a row minus the nearest annotation of frame 1.
  off(read, k = 0) {
    return this.names.map((_, s) => {
      const box = this.box(s, k, read.layout ?? undefined).map((value, i) => value + read.offset[i]);
      const size = (off) => off.reduce((sum, value) => sum + Math.abs(value), 0);
      return this.truths[s]
        .map((truth) => box.map((value, i) => value - truth[0][i]))
        .reduce((best, off) => (size(off) < size(best) ? off : best));
    });
  }

  surplus() {
    const { nearlyAll, equal, most } = this.limits;
    if (this.read.first) return [];
    const surplus = this.rows.map(({ count }, s) => count - this.lengths[s]);
    const short = surplus.map((more) => more === -1);
    if (mean(short) > nearlyAll) {
      const copied = this.off(this.read).map((off) => Math.max(...off.map(Math.abs)) < equal);
      const [, early] = this.shifts();
      const lost = early > 0 || (!early && mean(copied) < most) ? "first" : "last";
      const refusal = this.refusal(
        `there is no row for the ${lost} frame`,
        0,
        1,
        "one row per frame, the given box in row 1",
        `one row less than frames in ${this.of(short)} sequences; row 1 is the given box in ${this.of(copied)}`,
        lost === "first"
          ? `read the boxes as ${this.reading("first-missing")}, which puts the given box before row 1`
          : "run the tracker again",
      );
      return [{ ...refusal, final: true }];
    }
    if (mean(surplus.map((more) => more === 1)) > nearlyAll) {
      const twice = this.givenTwice();
      if (mean(twice) > nearlyAll) return [this.twice(twice, "one row more than frames")];
    }
    return [];
  }

  shift() {
    const { sure, nearlyAll } = this.limits;
    const [late, early] = this.shifts();
    if (early > Math.max(sure, late))
      return [
        this.refusal(
          "rows come one frame early: row 1 belongs to frame 2",
          0,
          1,
          "the given box in row 1",
          `motion of the next frame fits better, by ${early.toFixed(1)} standard errors over the sequences`,
          `read the boxes as ${this.reading("first-missing")}, which puts the given box before row 1`,
        ),
      ];
    if (!(late > sure)) return [];
    const twice = this.givenTwice();
    const found = `motion of the frame before fits better, by ${late.toFixed(1)} standard errors over the sequences`;
    return mean(twice) > nearlyAll ? [this.twice(twice, found)] : [{ what: `rows come one frame late: ${found}` }];
  }

  // In which sequences row 2 is the box of frame 1.
  givenTwice() {
    const given = this.off(this.read, 1).map((off) => Math.max(...off.map(Math.abs)) < this.limits.equal);
    return this.rows.map(({ count, columns, values }, s) => {
      let again = count > 1;
      for (let c = 0; again && c < columns; c++) again = values[c] === values[columns + c];
      return again || given[s];
    });
  }

  twice(twice, found) {
    return this.refusal(
      "rows come one frame late: row 2 belongs to frame 1, too",
      0,
      2,
      "the box of frame 2 in row 2",
      `${found}; row 2 is the box of frame 1 in ${this.of(twice)} sequences`,
      `read the boxes as ${this.reading("first-twice")}, which drops row 1; or as ${this.usual.layout}, as they are`,
    );
  }

  offset() {
    const [words, count] = this.commonOffset(this.read);
    if (!words.length) return [];
    const why = words.map((word) => this.rules.offsets[word].meaning).join(" and ");
    return [
      {
        what:
          `first boxes differ from the truth in ${count} of ${this.names.length} sequences as if ${why}; ` +
          `read as ${this.reading(...words)} undoes it`,
      },
    ];
  }

  // What undoes a constant offset of most first boxes, and of how many.
  commonOffset(read) {
    const { few, most, equal } = this.limits;
    const off = this.off(read);
    const { offsets } = this.rules;
    const by = (part) => [
      [],
      ...Object.keys(offsets)
        .filter((word) => offsets[word][part])
        .map((word) => [word]),
    ];
    let best = null;
    for (const place of by("place"))
      for (const size of by("size")) {
        const words = [...place, ...size];
        const sum = (part) => words.reduce((total, word) => total + offsets[word][part], 0);
        const add = [sum("place"), sum("place"), sum("size"), sum("size")];
        const count = off.filter((one) => Math.max(...one.map((value, i) => Math.abs(value + add[i]))) < equal).length;
        if (!best || count > best[1] || (count === best[1] && words.length < best[0].length)) best = [words, count];
      }
    return read.first || off.length < few || best[1] <= most * off.length ? [[], 0] : best;
  }

  // By how many standard errors motion fits better a frame later, or earlier.
  shifts() {
    if (this.shifted) return this.shifted;
    const [gains, { motion, many }] = [[[], []], this.limits];
    this.names.forEach((_, s) => {
      const truth = Array.from({ length: motion }, (_, k) => this.truths[s][0][this.at(s, k)]);
      const boxes = truth.map((_, k) => this.box(s, k, this.read.layout ?? undefined));
      const limit = [2, 3].map((i) => Math.max(truth[0][i] / 4, 2));
      const steps = (list) =>
        list.slice(1).map((box, k) =>
          [0, 1].map((i) => {
            const step = box[i] + box[i + 2] / 2 - (list[k][i] + list[k][i + 2] / 2);
            return orZero(Math.max(-limit[i], Math.min(limit[i], step)) / limit[i]);
          }),
        );
      const [own, real] = [steps(boxes), steps(truth)];
      const square = (list) => list.reduce((sum, [x, y]) => sum + x * x + y * y, 0);
      const size = Math.sqrt(square(own) * square(real));
      if (!(size > 0)) return;
      const [before, same, after] = [-1, 0, 1].map((k) => {
        let sum = 0;
        for (let t = 1; t < own.length - 1; t++) sum += own[t][0] * real[t + k][0] + own[t][1] * real[t + k][1];
        return sum;
      });
      gains[0].push((before - same) / size);
      gains[1].push((after - same) / size);
    });
    this.shifted = gains.map((gain) => {
      if (gain.length < many) return 0;
      const middle = mean(gain);
      const spread = Math.sqrt(mean(gain.map((value) => (value - middle) ** 2))) / Math.sqrt(gain.length);
      return spread > 0 ? middle / spread : 0;
    });
    return this.shifted;
  }

  // Words for what is doubtful; throws the first reason to refuse.
  doubts() {
    const checks = this.read.chosen ? ["surplus", "offset"] : ["layout", "rotation", "surplus", "shift", "offset"];
    const notes = [];
    for (const check of checks)
      for (const { what, error, final } of this[check]()) {
        if (error && (final || !this.read.chosen)) throw error;
        notes.push(error ? `${what} (${error.facts.found})` : what);
      }
    return notes;
  }
}
