// Every two trackers: the row's less the column's. One stop for the Tab key; arrows move within the matrix.

// The cells that are there, after another pair was chosen.
const pressPair = (state) => {
  const compared = comparedOf(state);
  if (compared.length < 2) return;
  const { reference, rival } = pairOf(state, compared);
  const [i, j] = [rival, reference].map((tracker) => compared.indexOf(tracker));
  const press = (css, on) => {
    const cell = byId("matrix").querySelector(css);
    cell?.setAttribute("aria-pressed", on);
    cell?.setAttribute("tabindex", on ? 0 : -1);
  };
  press("[aria-pressed=true]", false);
  press(`[data-key="cell ${i} ${j}"]`, true);
};

const matrixParts = (state, compared, { reference, rival }) => {
  const { data, shown, m, attribute } = state;
  const chances = pairChances(state, compared);
  const cell = (row, column, i, j) => {
    if (row === column) return el("td", { class: "self" }, "·");
    const span = pairSpan(data, shown, m, attribute, row.k, column.k);
    const p = chances.holm(row.k, column.k);
    const chosen = row === rival && column === reference;
    const kind = isSure(p) ? (span.difference > 0 ? "up" : "down") : "pale";
    return el(
      "td",
      {},
      el(
        "button",
        {
          type: "button",
          class: kind,
          tabindex: chosen ? 0 : -1,
          "aria-pressed": chosen,
          title: `${row.name} less ${column.name}: ${differenceText(span)}, p (Holm) ${chanceText(p)}`,
          "data-key": `cell ${i} ${j}`,
        },
        signedPercent(span.difference),
      ),
    );
  };
  const places = (event) =>
    event.target.dataset.key
      ?.match(/^cell (\d+) (\d+)$/)
      ?.slice(1)
      .map(Number);
  const choose = (event) => {
    const found = places(event);
    if (found) state.set({ rival: compared[found[0]].name, reference: compared[found[1]].name });
  };
  const move = (event) => {
    const found = places(event);
    const by = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
    if (!found || !by) return;
    event.preventDefault();
    let [i, j] = [found[0] + by[0], found[1] + by[1]];
    if (i === j) [i, j] = [i + by[0], j + by[1]]; // over the diagonal
    byId("pairs").querySelector(`[data-key="cell ${i} ${j}"]`)?.focus();
  };
  return [
    headed(
      el("h3", {}, "All pairs"),
      pairMenu(state, "all pairs", "matrix", `${state.metric} of every two trackers, the row's less the column's`),
    ),
    el(
      "div",
      {
        class: "sideways",
        role: "region",
        "aria-label": "All pairs",
        tabindex: 0,
        "data-key": "matrix",
        onclick: choose,
        onkeydown: move,
      },
      el(
        "table",
        {},
        el(
          "caption",
          { class: "hidden" },
          `Difference in ${state.metric} of every two trackers: the row's less the column's`,
        ),
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            el("td", {}),
            compared.map(({ name }) => el("th", { scope: "col", title: name }, el("span", { class: "label" }, name))),
          ),
        ),
        el(
          "tbody",
          {},
          compared.map((row, i) =>
            el(
              "tr",
              {},
              el("th", { scope: "row", class: "name" }, el("span", { class: "label" }, row.name)),
              compared.map((column, j) => cell(row, column, i, j)),
            ),
          ),
        ),
      ),
    ),
    el(
      "p",
      { class: "note" },
      `${state.metric} points, the row's tracker less the column's. `,
      `Coloured: Holm's p for ${plural(chances.pairs, "pair")} is below 0.05. A click compares the two.`,
    ),
  ];
};
