// Frames at which trackers lost the target, to jump to.

const JUMPS = 6; // of one tracker: the longest ones

const lossesOf = (data, board, k, s) => {
  const counts = data.array(board.lost.counts);
  const runs = data.array(board.lost.runs);
  const total = board.lost.runs.shape[1];
  const place = k * board.sequences.length + s;
  if (place >= counts.length) return [];
  const begin = memo(counts, "begins", () => {
    let sum = 0;
    return counts.length ? Array.from(counts, (count) => (sum += count) - count) : [];
  })[place];
  return Array.from({ length: counts[place] }, (_, i) => ({ first: runs[begin + i], frames: runs[total + begin + i] }));
};

const lossJumps = (state, lines, s, read) => {
  const board = state.shown;
  const jump = (k, { first, frames }) =>
    el(
      "button",
      { type: "button", class: "jump", "data-key": `lost ${k} ${first}`, onclick: () => read(first) },
      `${frameNumber(board, first)}–${frameNumber(board, first + frames - 1)}`,
    );
  const told = lines.map(({ k, name }) => ({ k, name, losses: lossesOf(state.data, board, k, s) }));
  return el(
    "section",
    { class: "lost", "aria-label": "Where the target was lost" },
    el("h4", {}, "Target lost, frames"),
    el(
      "dl",
      { class: "facts" },
      told.map(({ k, name, losses }) => {
        const longest = losses
          .slice()
          .sort((x, y) => y.frames - x.frames)
          .slice(0, JUMPS);
        return el(
          "div",
          { "data-tracker": name },
          el("dt", {}, mark(state, name), el("span", { class: "label" }, name)),
          el(
            "dd",
            {},
            losses.length
              ? losses.filter((loss) => longest.includes(loss)).map((loss) => [jump(k, loss), " "])
              : "never",
            losses.length > JUMPS && ` and ${losses.length - JUMPS} shorter`,
          ),
        );
      }),
    ),
    el(
      "p",
      { class: "note" },
      `Lost: an overlap of 0.1 or less for ${board.lost.row} frames in a row or more. A click reads the first of them.`,
    ),
  );
};
