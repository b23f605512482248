// The list of sequences: those of the attribute, by name, length, any ticked tracker, or how much trackers differ.

// Columns: key, title, value of a sequence, and whether it sorts upwards first.
const listColumns = (state) => {
  const { data, shown: board, m } = state;
  const picked = state.picked();
  const compared = comparedOf(state);
  const { reference, rival } = compared.length > 1 ? pairOf(state, compared) : {};
  const value = (k, s) => singleOf(data, board, k, m, s);
  const spread = (s) => {
    const values = picked.map(({ k }) => value(k, s)).filter((one) => one !== null);
    return values.length ? Math.max(...values) - Math.min(...values) : null;
  };
  return [
    { key: "name", title: "Sequence", of: (s) => board.sequences[s], up: true },
    { key: "frames", title: "Frames", of: (s) => board.frames[s], show: (n) => grouped(n) },
    ...(rival
      ? [
          {
            key: "difference",
            title: `${rival.name} less ${reference.name}`,
            of: (s) => value(rival.k, s) - value(reference.k, s),
            show: signedPercent,
            up: true,
            name: true,
          },
        ]
      : []),
    ...picked.map(({ k, name }) => ({
      key: `tracker ${name}`,
      title: name,
      of: (s) => value(k, s),
      show: percent,
      tracker: name,
    })),
    { key: "spread", title: "Spread", of: spread, show: percent },
  ];
};

const listed = (state, columns) => {
  const { data, shown: board } = state;
  const wanted = searchTest(state, state.find);
  const rows = membersOf(data, board, state.attribute)
    .filter(wanted)
    .map((s) => ({ s, values: columns.map(({ of }) => of(s)) }));
  const { key, down } = state.listing;
  const at = Math.max(
    0,
    columns.findIndex((column) => column.key === key),
  );
  return rows.sort(({ values: { [at]: a } }, { values: { [at]: b } }) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
  });
};

const drawSequences = (state) => {
  if (byId("find").value !== state.find) byId("find").value = state.find; // as the address said
  const columns = listColumns(state);
  const rows = listed(state, columns);
  const stop = () => rows.find(({ s }) => s === state.sequence) ?? rows[0]; // for the Tab key; arrows move in the list
  const nodeOf = ({ s }) => byId("sequence-list").querySelector(`[data-key="sequence ${s}"]`);
  const step = (event) => {
    const to = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -rows.length, End: rows.length }[
      event.key
    ];
    if (!to || !rows.length) return;
    event.preventDefault();
    const next = rows[within(0, rows.indexOf(stop()) + to, rows.length - 1)];
    state.set({ sequence: next.s });
    state.catchUp(({ place }) => place === byId("finder"), true); // so that its row is there
    nodeOf(next)?.focus();
    nodeOf(next)?.scrollIntoView({ block: "nearest" });
  };
  const press = (row) => {
    const here = row.s === state.sequence;
    const node = nodeOf(row);
    if (!node) return; // comes later
    node.closest("tr").className = here ? "current" : "";
    node.tabIndex = row === stop() ? 0 : -1;
    if (here) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  };
  let last = stop();
  byId("finder").press = () => {
    for (const row of rows.length ? [last, stop()] : []) press(row);
    last = stop();
  };
  const line = (row) => {
    const {
      s,
      values: [name, ...values],
    } = row;
    const here = s === state.sequence;
    return el(
      "tr",
      { class: here ? "current" : "" },
      rowButton(
        {
          tabindex: row === stop() ? 0 : -1,
          "aria-current": here ? "true" : null,
          "data-key": `sequence ${s}`,
          onclick: () => state.set({ sequence: s }),
          onkeydown: step,
        },
        el("span", { class: "label" }, name),
        s in state.shown.strips && el("span", { class: "has", title: "with pictures" }, "▦"),
      ),
      columns
        .slice(1)
        .map(({ tracker, show }, c) =>
          el("td", { class: `number${tracker ? " wide" : ""}`, "data-tracker": tracker }, show(values[c])),
        ),
    );
  };
  const heads = columns.map(({ key, title, up, tracker }) => {
    const active = state.listing.key === key;
    const next = { key, down: active ? !state.listing.down : !up };
    return el(
      "th",
      {
        scope: "col",
        class: key === "name" ? "name" : `number${tracker ? " wide" : ""}`,
        "aria-sort": active ? (state.listing.down ? "descending" : "ascending") : "none",
      },
      el(
        "button",
        { type: "button", "data-key": `list ${key}`, onclick: () => state.set({ listing: next }) },
        tracker && mark(state, tracker),
        el("span", { class: "label", title }, title),
        el("span", { class: "arrow", "aria-hidden": "true" }, active ? (state.listing.down ? "▾" : "▴") : ""),
      ),
    );
  });
  byId("sequence-count").textContent =
    `${plural(rows.length, "sequence")}; ${state.metric} of the ticked trackers. Spread: highest less lowest`;
  const body = el("tbody");
  const more = addRows(
    body,
    rows.map((row) => () => [line(row)]),
    scrolledTo("list"),
  );
  replace(
    byId("sequence-list"),
    el(
      "table",
      {},
      el("caption", { class: "hidden" }, `Sequences of ${state.shown.title}`),
      el("thead", {}, el("tr", {}, heads)),
      body,
    ),
  );
  return more;
};

// What is there, after another sequence was chosen.
const pressSequence = () => {
  for (const id of ["scatter", "finder"]) byId(id).press?.();
};

const buildSequences = (state) =>
  replace(
    byId("sequences"),
    headed(
      el("h2", { id: "sequences-title" }, "Sequence by sequence"),
      saveTable(state, "the list of sequences", "sequences", () => ({
        name: fileName(subject(state), "sequences"),
        title: `Sequences of ${subject(state)}: ${state.metric} of ${state
          .picked()
          .map(({ name }) => name)
          .join(", ")}`,
        ...tableOf(byId("sequence-list").querySelector("table")),
      })),
    ),
    el("div", { id: "scatter" }),
    el(
      "div",
      { class: "explorer" },
      el(
        "div",
        { id: "finder", class: "finder" },
        el(
          "label",
          { class: "field" },
          el("span", {}, "Find a sequence, by its name or attributes (LI, low illumination, LI+TC)"),
          el("input", {
            type: "search",
            id: "find",
            "data-key": "find",
            autocomplete: "off",
            oninput: (event) => state.set({ find: event.target.value }),
          }),
        ),
        el("p", { class: "note", id: "sequence-count" }),
        el("div", {
          id: "sequence-list",
          class: "scroll",
          role: "region",
          "aria-label": "List of sequences",
          "data-scroll": "list",
        }),
      ),
      el("div", { id: "sequence" }),
    ),
  );
