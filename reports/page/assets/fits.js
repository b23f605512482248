// In which sequences a tracker's rows fit the truth, for each layout in which they may be read, as
// rgbtbench/scoring/layout_fit.py finds it. Its numbers come with the page's data.

const mean = (list) => list.reduce((sum, value) => sum + Number(value), 0) / list.length;
const upperMedian = (list) =>
  [...list].sort((a, b) => Number.isNaN(a) - Number.isNaN(b) || a - b)[Math.floor(list.length / 2)];
const orZero = (value) => (Number.isNaN(value) ? 0 : value);

class Fits {
  constructor({ rows, places, names, truths, lengths, read, rules }) {
    Object.assign(this, { rows, places, names, truths, lengths, read, rules, limits: rules.check });
    this.order = [...new Set(rows.map(({ columns }) => columns))];
    this.usual = this.fitUsual();
  }

  // Row k of a sequence, the last one where it is shorter; and the frame of the truth that belongs to it.
  at(s, k) {
    return Math.min(k, Math.min(this.rows[s].count, this.lengths[s]) - 1);
  }
  row(s, k) {
    const { columns, values } = this.rows[s];
    const start = this.at(s, k) * columns;
    return values.subarray(start, start + columns);
  }
  box(s, k, layout = usualLayout(this.rows[s].columns), order = null) {
    const row = this.row(s, k);
    return LAYOUTS[layout](order ? order.map((column) => row[column]) : row);
  }
  ofWidth(columns) {
    return this.names.map((_, s) => s).filter((s) => this.rows[s].columns === columns);
  }

  // How the boxes of some sequences agree with the truth: first boxes, overlap in row 2, median overlap in rows 2 to 6.
  fit(meaning, chosen, box, layout = null, known = true) {
    const fit = { meaning, layout, known };
    for (const part of ["first", "second", "shared"]) fit[part] = this.names.map(() => (part === "first" ? false : 0));
    for (const s of chosen) {
      const shared = Array.from({ length: this.limits.rows }, (_, k) => {
        const own = box(s, k);
        return Math.max(...this.truths[s].map((truth) => orZero(overlapOf(own, truth[this.at(s, k)]))));
      });
      fit.first[s] = shared[0] > this.limits.first;
      fit.second[s] = shared[1];
      fit.shared[s] = upperMedian(shared.slice(1));
    }
    fit.follow = fit.shared.map((value) => value > this.limits.follow);
    return fit;
  }

  beats(one, other) {
    const { follow, better } = this.limits;
    return one.follow.map((follows, s) => {
      if (!follows) return false;
      if (!one.known) return !other.follow[s] && other.second[s] < follow;
      return one.shared[s] > other.shared[s] + better && one.second[s] > other.second[s] + better;
    });
  }

  fitUsual() {
    const layouts = this.order.map(usualLayout);
    const meaning = layouts.map((name) => `${name} (${this.rules.layouts[name].meaning})`).join(" or ");
    return this.fit(
      meaning,
      this.names.map((_, s) => s),
      (s, k) => this.box(s, k),
      layouts[0],
    );
  }

  // All other ways to read the rows: known layouts, images of another size, swapped columns.
  others() {
    return this.order.flatMap((columns) => {
      const chosen = this.ofWidth(columns);
      const names = Object.keys(this.rules.layouts).filter((name) => this.rules.layouts[name].columns === columns);
      const plain = names.filter((name) => name !== usualLayout(columns));
      return [
        ...plain.map((name) =>
          this.fit(`${name} (${this.rules.layouts[name].meaning})`, chosen, (s, k) => this.box(s, k, name), name),
        ),
        ...names.flatMap((name) => this.resized(chosen, name)),
        ...this.rules.swapped[columns].map(({ meaning, layout, order }) =>
          this.fit(meaning, chosen, (s, k) => this.box(s, k, layout, order)),
        ),
      ];
    });
  }

  // Boxes in images of another size: width and height give the scale, and the position proves it.
  resized(chosen, layout) {
    const scales = new Map();
    for (const s of chosen) {
      const of = (k) => [0, 1].map((i) => this.truths[s][0][this.at(s, k)][2 + i] / this.box(s, k, layout)[2 + i]);
      const all = Array.from({ length: this.limits.rows }, (_, k) => of(k));
      const later = [0, 1].map((i) => upperMedian(all.slice(1).map((pair) => pair[i])));
      scales.set(
        s,
        [all[0], later].map((pair) => pair.map((value) => (Number.isFinite(value) && value > 0 ? value : 1))),
      );
    }
    const typical = [0, 1].map((i) => upperMedian(chosen.map((s) => scales.get(s)[1][i])));
    if (!(Math.max(...typical.map((value) => Math.abs(Math.log(value)))) > 0.1)) return [];
    const [wide, high] = typical.map((value) => Number((1 / value).toPrecision(3)));
    const how =
      Math.min(...typical) > 20
        ? "divided by the image's size (values from 0 to 1)"
        : `in images of another size, ${wide} times as wide and ${high} times as high`;
    const box = (s, k) => {
      const scale = scales.get(s)[k ? 1 : 0];
      return this.box(s, k, layout).map((value, i) => value * scale[i % 2]);
    };
    return [this.fit(`${layout} ${how}`, chosen, box, null, false)];
  }

  jumps() {
    const far = this.names.map((_, s) => orZero(overlapOf(this.box(s, 1), this.box(s, 0))) < this.limits.follow);
    return mean(far);
  }
}
