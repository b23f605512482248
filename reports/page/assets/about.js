// What is missing, and how the numbers were made.

const drawGaps = (state) => {
  const found = state.data.boards.flatMap((board) => [
    ...board.scored
      .filter((t) => t.failed.length + t.missing.length)
      .map((tracker) => ({ board, tracker, all: false })),
    ...board.unscored.map((tracker) => ({ board, tracker, all: true })),
  ]);
  replace(
    byId("gaps"),
    el("h2", { id: "gaps-title" }, "Failed and missing sequences"),
    found.length === 0
      ? el("p", { class: "under" }, "None: every tracker has boxes for every sequence.")
      : found.map(({ board, tracker, all }) =>
          el(
            "section",
            { class: "gap" },
            el("h3", {}, el("span", { class: "label" }, `${board.title} · ${tracker.name}`)),
            all && el("p", { class: "note" }, "No sequence could be scored, so it is not in the leaderboard."),
            el(
              "dl",
              { class: "facts" },
              tracker.failed.map(([name, reason]) => el("div", {}, el("dt", {}, name), el("dd", {}, reason))),
              (tracker.missing ?? []).map((name) => el("div", {}, el("dt", {}, name), el("dd", {}, "no results"))),
            ),
          ),
        ),
  );
};

const facts = (pairs) =>
  el(
    "dl",
    { class: "facts" },
    pairs.map(([term, text]) => el("div", {}, el("dt", {}, term), el("dd", {}, text))),
  );

const sizeOf = ({ attributes: [all], official, generated }) => {
  const size = sizeText(all);
  return official ? size : `${size}, ${generated ? "generated" : "not the published benchmark"}`;
};

const drawAbout = (state) => {
  const { here, made, boards } = state.data;
  replace(
    byId("about"),
    el("h2", {}, "How these numbers were made"),
    facts([...here, ["written", made]]),
    boards.map((board) =>
      el(
        "details",
        {},
        el(
          "summary",
          {},
          el(
            "span",
            { class: "label" },
            `${board.title}: protocol and origin of ${plural(board.scored.length, "tracker")}`,
          ),
        ),
        facts([
          board.truth ? ["truth", board.truth] : ["scored here", "nothing: only numbers that others print"],
          ["size", sizeOf(board)],
          ...board.rules.map((rule) => ["protocol", rule]),
          ...board.strip_notes.map((note) => ["no pictures", note]),
        ]),
        [...board.scored, ...board.unscored].map((tracker) =>
          el(
            "section",
            {},
            el(
              "h3",
              {},
              el("span", { class: "label" }, tracker.name),
              el("span", { class: "sub" }, state.data.sources[tracker.source]),
            ),
            facts([
              ...tracker.origin,
              ...(tracker.repairs ?? []).map((text) => ["repaired as the toolkit does", text]),
            ]),
          ),
        ),
      ),
    ),
  );
};
