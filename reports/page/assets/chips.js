// Who is drawn below, in one line above all charts: to take one out, to add one.

const drawChips = (state) => {
  const picked = state.picked();
  const { ticked } = state;
  const here = state.shown.scored.map(({ name }) => name);
  const others = state.order.filter((name) => here.includes(name) && !ticked.has(name));
  const none = here.every((name) => !state.chosen.has(name));
  const away = [...state.chosen].filter((name) => !here.includes(name));
  const only = (names) => state.set({ chosen: new Set([...away, ...names]) });
  replace(
    byId("chips"),
    el(
      "span",
      { class: "sub" },
      none ? `Drawn, as nothing is ticked: the best ${picked.length > 1 ? picked.length : ""}` : "Drawn",
    ),
    picked.map(({ name }) =>
      el(
        "button",
        {
          type: "button",
          class: "chip",
          "data-tracker": name,
          "data-key": `chip ${name}`,
          "aria-label": `Take ${name} out of the charts`,
          title: "take it out of the charts",
          onclick: () => state.tick(name),
        },
        mark(state, name),
        el("span", { class: "label" }, name),
        el("span", { class: "out", "aria-hidden": "true" }, "×"),
      ),
    ),
    others.length > 0 &&
      el(
        "select",
        {
          "aria-label": "Add a tracker to the charts",
          "data-key": "add",
          onchange: (event) => state.tick(others[event.target.selectedIndex - 1]),
        },
        el("option", {}, "add a tracker"),
        others.map((name) => el("option", {}, name)),
      ),
    !none && el("button", { type: "button", class: "link", "data-key": "best", onclick: () => only([]) }, "the best"),
    others.length > 0 &&
      el(
        "button",
        { type: "button", class: "link", "data-key": "every", onclick: () => only(here) },
        `all ${here.length}`,
      ),
  );
};
