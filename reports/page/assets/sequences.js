// The list of sequences: those of the attribute, by name, length, or how much the chosen trackers differ.

const LISTED = {
  name: { title: "Sequence", up: true },
  frames: { title: "Frames" },
  mean: { title: "Mean" },
  spread: { title: "Spread" },
};

const listed = (state) => {
  const board = state.shown;
  const picked = state.picked();
  const wanted = state.find.trim().toLowerCase();
  const rows = board.sequences
    .map((name, s) => {
      const values = picked
        .map(({ k }) => singleOf(state.data, board, k, state.m, s))
        .filter((value) => value !== null);
      const mean = values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
      const spread = values.length ? Math.max(...values) - Math.min(...values) : null;
      return { s, name, frames: board.frames[s], mean, spread, pictures: s in board.strips };
    })
    .filter(
      ({ s, name }) => hasAttribute(state.data, board, s, state.attribute) && name.toLowerCase().includes(wanted),
    );
  const { key, down } = state.listing;
  return rows.sort((a, b) => {
    if (a[key] === null || b[key] === null) return (a[key] === null) - (b[key] === null);
    return (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0) * (down ? -1 : 1);
  });
};

const drawSequences = (state) => {
  if (!byId("sequence-list")) buildSequences(state);
  if (byId("find").value !== state.find) byId("find").value = state.find; // as the address said
  const rows = listed(state);
  const inside = rows.findIndex(({ s }) => s === state.sequence);
  const stop = inside < 0 ? 0 : inside; // one stop for the Tab key; arrows move within the list
  const step = (event) => {
    const to = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -rows.length, End: rows.length }[
      event.key
    ];
    if (!to || !rows.length) return;
    event.preventDefault();
    const next = rows[Math.min(rows.length - 1, Math.max(0, stop + to))];
    state.set({ sequence: next.s });
    const target = [...byId("sequence-list").querySelectorAll("button")].find(
      (b) => b.dataset.key === `sequence ${next.s}`,
    );
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  };
  const body = rows.map(({ s, name, frames, mean, spread, pictures }, i) =>
    el(
      "tr",
      { class: s === state.sequence ? "current" : "" },
      el(
        "th",
        { scope: "row", class: "name" },
        el(
          "button",
          {
            type: "button",
            class: "open",
            tabindex: i === stop ? 0 : -1,
            "aria-current": s === state.sequence ? "true" : null,
            "data-key": `sequence ${s}`,
            onclick: () => state.set({ sequence: s }),
            onkeydown: step,
          },
          el("span", { class: "label" }, name),
          pictures && el("span", { class: "has", title: "with pictures" }, "▦"),
        ),
      ),
      el("td", { class: "number" }, frames.toLocaleString("en")),
      el("td", { class: "number" }, percent(mean)),
      el("td", { class: "number" }, percent(spread)),
    ),
  );
  const heads = Object.entries(LISTED).map(([key, { title, up }]) => {
    const active = state.listing.key === key;
    const next = { key, down: active ? !state.listing.down : !up };
    return el(
      "th",
      {
        scope: "col",
        class: key === "name" ? "name" : "number",
        "aria-sort": active ? (state.listing.down ? "descending" : "ascending") : "none",
      },
      el(
        "button",
        { type: "button", "data-key": `list ${key}`, onclick: () => state.set({ listing: next }) },
        title,
        el("span", { class: "arrow", "aria-hidden": "true" }, active ? (state.listing.down ? "▾" : "▴") : ""),
      ),
    );
  });
  byId("sequence-count").textContent =
    `${plural(rows.length, "sequence")}; ${state.metric} of the chosen trackers: mean, and highest less lowest`;
  replace(
    byId("sequence-list"),
    el(
      "table",
      {},
      el("caption", { class: "hidden" }, `Sequences of ${state.shown.title}`),
      el("thead", {}, el("tr", {}, heads)),
      el("tbody", {}, body),
    ),
  );
};

const buildSequences = (state) =>
  replace(
    byId("sequences"),
    headed(
      el("h2", { id: "sequences-title" }, "Sequence by sequence"),
      saveTable(state, "the list of sequences", "sequences", () => ({
        name: fileName(state.shown.title, "sequences"),
        title: `Sequences of ${state.shown.title}: ${state.metric} of ${state
          .picked()
          .map(({ name }) => name)
          .join(", ")}`,
        ...tableOf(byId("sequence-list").querySelector("table")),
      })),
    ),
    el(
      "div",
      { class: "explorer" },
      el(
        "div",
        { class: "finder" },
        el(
          "label",
          { class: "field" },
          el("span", {}, "Find a sequence"),
          el("input", {
            type: "search",
            id: "find",
            "data-key": "find",
            autocomplete: "off",
            oninput: (event) => state.set({ find: event.target.value }),
          }),
        ),
        el("p", { class: "note", id: "sequence-count" }),
        el("div", { id: "sequence-list", class: "scroll", role: "region", "aria-label": "List of sequences" }),
      ),
      el("div", { id: "sequence" }),
    ),
  );
