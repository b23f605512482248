// On paper: every benchmark, the chosen one first; drawings as wide as their place on a sheet; what is folded is open.

const [SHEET, HALF] = [700, 330]; // pixels of A4 between its margins, and of one of two columns
const ACTING = "input, select, textarea, fieldset, .save, .slider, div.against, .field, .link, .text";

const drawings = () => [...document.querySelectorAll(".drawing")].filter(({ redraw }) => redraw); // copies have none

const fitSheet = () => {
  for (const place of drawings()) place.redraw(place.closest(".pair") ? HALF : SHEET);
};

// What the page shows of a benchmark, as it stands, without what acts.
const still = (id) => {
  const copy = byId(id).cloneNode(true);
  for (const node of copy.querySelectorAll(ACTING)) node.remove();
  for (const node of [copy, ...copy.querySelectorAll("*")])
    for (const name of ["id", "aria-labelledby", "data-key", "data-scroll", "tabindex"]) node.removeAttribute(name);
  return copy;
};

const seen = (ids) => ids.filter((id) => byId(id) && !byId(id).hidden).map(still);

const otherBenchmarks = (state) => {
  const view = { ...state };
  const others = el("div", { id: "others" });
  state.data.boards.forEach(({ title }, board) => {
    if (board === view.board) return;
    state.set({ board });
    state.hurry();
    fitSheet();
    others.append(
      el(
        "section",
        { class: "other" },
        el("h2", {}, el("span", { class: "label" }, title)),
        seen(["leaderboard"]),
        el("div", { class: "pair" }, seen(["curves", "progress", "attributes"])),
        seen(["pairs", "stress"]),
      ),
    );
  });
  clearTimeout(state.keeping); // the address stays
  Object.assign(state, view);
  state.draw();
  state.hurry();
  byId("about").before(others);
};

const followPrint = (state) => {
  const opened = new Set();
  addEventListener("beforeprint", () => {
    if (byId("others")) return;
    for (const { scored, sequences } of state.data.boards)
      if (scored.length > 1) finishSigns(state.data, sequences.length, () => state.set({ signed: state.signed + 1 }));
    state.signed++;
    state.draw();
    state.hurry();
    otherBenchmarks(state);
    fitSheet();
    for (const details of document.querySelectorAll("details:not([open], .save, .text)")) {
      opened.add(details);
      details.open = true;
    }
  });
  addEventListener("afterprint", () => {
    byId("others")?.remove();
    for (const details of opened) details.open = false;
    opened.clear();
    for (const place of drawings()) place.redraw();
  });
};
