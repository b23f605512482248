// Every attribute on one line: the chosen trackers' scores side by side; a click on one filters the page by it.

const drawAttributes = (state) => {
  const board = state.shown;
  const picked = state.picked().map((tracker) => ({ ...tracker, ...state.look(tracker.name) }));
  const grid = board.attributes.map((_, a) => picked.map(({ k }) => scoreOf(state.data, board, k, state.m, a).value));
  const known = grid.flat().filter((value) => value !== null);
  const low = Math.max(0, Math.floor(Math.min(1, ...known) * 10) / 10);
  const high = Math.min(1, Math.ceil(Math.max(0, ...known) * 10) / 10);
  const axis = { low, high: high > low ? high : low + 0.1 };
  const line = (attribute, a) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "attribute",
          "data-key": `attribute ${attribute.name}`,
          "aria-label": `${attribute.name}, ${attribute.meaning}, ${plural(attribute.sequences, "sequence")}`,
          title: attribute.meaning,
          onclick: () => state.set({ attribute: a }),
        },
        el("span", {}, a ? attribute.name : "All"),
        el("span", { class: "sub" }, attribute.sequences),
      ),
      svg(
        "svg",
        { class: "dots", height: 22, width: "100%", role: "img", "aria-label": spoken(picked, grid[a]) },
        svg("line", { class: "grid", x1: along(axis, axis.low), x2: along(axis, axis.high), y1: 11, y2: 11 }),
        picked.map(
          ({ colour, shape }, i) =>
            grid[a][i] !== null && // nested: percent for the place, pixels for the shape
            svg(
              "svg",
              { class: colour, x: along(axis, grid[a][i]), y: 11, overflow: "visible" },
              dot(shape, 0, 0, 4.5),
            ),
        ),
      ),
    );
  replace(
    byId("attributes"),
    el("h2", { id: "attributes-title" }, `${state.metric} by attribute`),
    board.attributes.length < 2
      ? el("p", { class: "empty" }, "This benchmark's files tell no attributes.")
      : picked.length === 0
        ? el("p", { class: "empty" }, "Tick trackers in the leaderboard to draw them.")
        : el(
            "ol",
            { class: "attributes" },
            el("li", { class: "head", "aria-hidden": "true" }, el("span", {}), axisTicks(axis)),
            board.attributes.map(line),
          ),
  );
};

const pressAttribute = (state) =>
  byId("attributes")
    .querySelectorAll("button.attribute")
    .forEach((button, a) => button.setAttribute("aria-pressed", a === state.attribute));

const spoken = (picked, values) => picked.map(({ name }, i) => `${name} ${percent(values[i])}`).join(", ");
