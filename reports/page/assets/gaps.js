// Why a chart shows nothing where one expects something.

// Frames as ranges, each [first, last] joined with the one it touches: "3–5, 9".
const ranges = (board, spans) => {
  const joined = [];
  for (const [first, last] of spans) {
    if (joined.length && joined.at(-1)[1] + 1 >= first) joined.at(-1)[1] = last;
    else joined.push([first, last]);
  }
  const words = joined.map(([first, last]) =>
    [...new Set([first, last])].map((at) => frameNumber(board, at)).join("–"),
  );
  const more = words.length > 6 ? ` and ${words.length - 6} more` : "";
  const several = joined.length > 1 || joined[0][0] < joined[0][1];
  return `frame${several ? "s" : ""} ${words.slice(0, 6).join(", ")}${more}`;
};

const EMPTY_TRUTH = "the truth has no box there, as the target is out of sight.";
const BORDER_TRUTH =
  "the truth there is empty or at the left or upper edge of the image, where the protocol compares no boxes.";

// Of one sequence: lines with points, as the timeline draws them.
const lineGaps = (state, lines, s) => {
  const board = state.shown;
  const [there, gone] = [[], []];
  for (const line of lines) (line.points.some((p) => p.overlap !== null) ? there : gone).push(line);
  const notes = gone.map(({ name, k }) => {
    const failed = board.scored[k].failed.find(([sequence]) => sequence === board.sequences[s]);
    return [name, failed ? `has no boxes here: ${failed[1]}` : "has no boxes here."];
  });
  if (!there.length) return notes;
  const empty = there[0].points.map((_, i) => there.every(({ points }) => points[i].overlap === null));
  const spans = (points, keep) => points.filter((p, i) => keep(p, i)).map(({ first, last }) => [first, last]);
  const common = spans(there[0].points, (_, i) => empty[i]);
  if (common.length)
    notes.push([null, `No line at ${ranges(board, common)}: ${board.border ? BORDER_TRUTH : EMPTY_TRUTH}`]);
  for (const { name, points } of there) {
    const own = spans(points, (p, i) => !empty[i] && p.overlap === null);
    if (own.length) notes.push([name, `has no box at ${ranges(board, own)}.`]);
  }
  return notes;
};

// Of trackers without a value on an attribute: a mean over fewer sequences would not compare.
const scoreGaps = (state, names, what) =>
  names.map((name) => {
    const tracker = state.shown.scored.find((other) => other.name === name);
    const count = tracker.failed.length + tracker.missing.length;
    return [
      name,
      `has no ${what}: ${plural(count, "sequence")} without boxes, and a mean of the others does not compare.`,
    ];
  });

const gapNotes = (notes) =>
  notes.length > 0 &&
  el(
    "p",
    { class: "note gaps" },
    notes.map(([name, text]) => [
      name !== null && el("span", { class: "label" }, name),
      name !== null && " ",
      text,
      " ",
    ]),
  );
