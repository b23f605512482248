// Every attribute on one line: the chosen trackers' scores side by side; a click on one filters the page by it.

const drawAttributes = (state) => {
  const board = state.shown;
  const picked = state.picked().map((tracker) => ({ ...tracker, ...state.look(tracker.name) }));
  const rivals = picked.filter(({ k }) => !board.scored[k].is_truth); // the truth would squeeze all others
  const grid = board.attributes.map((_, a) => rivals.map(({ k }) => scoreOf(state.data, board, k, state.m, a)));
  const known = grid.flat().flatMap(({ value, low, high }) => [low, value, high].filter((end) => end !== null));
  const least = Math.max(0, Math.floor(Math.min(1, ...known) * 10) / 10);
  const most = Math.min(1, Math.ceil(Math.max(0, ...known) * 10) / 10);
  const axis = { low: least, high: most > least ? most : least + 0.1 };
  const step = within(2, 36 / Math.max(1, rivals.length), 7); // pixels from one tracker's interval to the next one's
  const height = Math.max(22, 10 + step * rivals.length);
  const middle = (i) => height / 2 + (i - (rivals.length - 1) / 2) * step;
  const gone = rivals.filter((_, i) => grid.some((values) => values[i].value === null)).map(({ name }) => name);
  const line = (attribute, a) =>
    el(
      "li",
      { "data-tip": a },
      el(
        "button",
        {
          type: "button",
          class: "attribute",
          "data-key": `attribute ${attribute.name}`,
          "aria-label": `${attribute.name}, ${attribute.meaning}, ${plural(attribute.sequences, "sequence")}`,
          "aria-pressed": a === state.attribute,
          title: attribute.meaning,
          onclick: () => state.set({ attribute: a }),
        },
        el("span", {}, a ? attribute.name : "All"),
        el("span", { class: "sub" }, attribute.sequences),
      ),
      svg(
        "svg",
        { class: "dots", height, width: "100%", role: "img", "aria-label": spoken(rivals, grid[a]) },
        rivals.map(({ name, colour, shape }, i) => {
          const { value, low, high } = grid[a][i];
          if (value === null) return null;
          const ends = [low, high].map((end) => offset(axis, end, value));
          return svg(
            "svg", // its place in percent, its shape in pixels
            { class: colour, "data-tracker": name, x: along(axis, value), y: middle(i), overflow: "visible" },
            low !== null && svg("line", { class: "interval", x1: ends[0], x2: ends[1] }),
            dot(shape, 0, 0, 3.5),
          );
        }),
      ),
      el("span", { class: "tip", hidden: true, "aria-hidden": "true" }),
    );
  replace(
    byId("attributes"),
    headed(
      el("h2", { id: "attributes-title" }, `${state.metric} by attribute`),
      board.attributes.length > 1 && picked.length > 0 && attributeMenu(state, rivals, grid),
    ),
    board.attributes.length < 2
      ? el("p", { class: "empty" }, "This benchmark's files tell no attributes.")
      : picked.length === 0
        ? el("p", { class: "empty" }, "Tick trackers in the leaderboard to draw them.")
        : [
            el(
              "ol",
              { class: "attributes" },
              el("li", { class: "head", "aria-hidden": "true" }, el("span", {}), axisTicks(axis)),
              board.attributes.map(line),
            ),
            el("p", { class: "note" }, "Lines: 95 % bootstrap intervals over sequences."),
            gapNotes(scoreGaps(state, gone, "mark on some attributes")),
          ],
  );
  tellAttributes(state, rivals, grid);
};

// The lines are drawings of their own: in a file they are one.
const attributeMenu = (state, rivals, grid) => {
  const { attributes, title } = state.shown;
  const name = `${title}: ${state.metric} by attribute, 95 % intervals`;
  const picture = () => {
    const lines = [...byId("attributes").querySelectorAll("ol.attributes > li")];
    const [side, width] = [84, 560];
    const parts = [];
    let y = 0;
    for (const line of lines) {
      const node = line.querySelector("svg");
      const height = Number(node.getAttribute("height"));
      const about = line.dataset.tip && attributes[Number(line.dataset.tip)];
      if (about) parts.push({ text: `${about.name} ${about.sequences}`, x: 8, y: y + height / 2 + 4, height: 0 });
      parts.push({ node, x: side, y, width: width - side, height });
      y += height;
    }
    return composed(
      name,
      width,
      parts,
      legendOf(state, rivals, (tracker) => tracker.name),
    );
  };
  const rows = () => [
    ["attribute", "sequences", "tracker", state.metric, "low", "high"],
    ...attributes.flatMap((about, a) =>
      rivals.map((tracker, i) => [
        about.name,
        about.sequences,
        tracker.name,
        ...["value", "low", "high"].map((end) => (grid[a][i][end] === null ? "" : (100 * grid[a][i][end]).toFixed(4))),
      ]),
    ),
  ];
  return saveChart("the attributes", "attributes", { name: () => fileName(name), picture, rows });
};

const pressAttribute = (state) =>
  byId("attributes")
    .querySelectorAll("button.attribute")
    .forEach((button, a) => button.setAttribute("aria-pressed", a === state.attribute));

const offset = ({ low, high }, end, value) => `${((92 * (end - value)) / (high - low)).toFixed(2)}%`;

const spanText = ({ value, low, high }) =>
  low === null ? percent(value) : `${percent(value)} (${percent(low)}–${percent(high)})`;

const spoken = (rivals, values) => rivals.map(({ name }, i) => `${name} ${spanText(values[i])}`).join(", ");

// The values of the line under the pointer, or of the one whose button has the focus.
const tellAttributes = (state, rivals, grid) => {
  for (const line of byId("attributes").querySelectorAll("[data-tip]")) {
    const tip = line.querySelector(".tip");
    const values = grid[Number(line.dataset.tip)];
    const best = rivals
      .map((tracker, i) => [tracker, values[i]])
      .sort(([, a], [, b]) => (b.value ?? -1) - (a.value ?? -1));
    const show = () => {
      tip.replaceChildren(
        el("b", {}, state.shown.attributes[Number(line.dataset.tip)].meaning),
        ...tipRows(
          best.map(([{ name }, value]) => ({ name, text: spanText(value) })),
          (name) => mark(state, name),
        ),
      );
      tip.hidden = false;
      relight(tip);
    };
    const hide = () => {
      tip.hidden = true;
    };
    for (const [kind, act] of Object.entries({ pointerenter: show, focusin: show, pointerleave: hide, focusout: hide }))
      line.addEventListener(kind, act);
  }
};
