// Controls, and the start.

const choices = (state, legend, options, current, choose) =>
  el(
    "fieldset",
    { class: "choices" },
    el("legend", { class: "hidden" }, legend),
    options.map(({ text, value }) =>
      el(
        "label",
        { class: "choice" },
        el("input", {
          type: "radio",
          name: legend,
          value,
          checked: value === current,
          "data-key": `${legend} ${value}`,
          onchange: () => choose(value),
        }),
        el("span", {}, text),
      ),
    ),
  );

const select = (label, key, options, current, choose) =>
  el(
    "label",
    { class: "field" },
    el("span", {}, label),
    el(
      "select",
      { "data-key": key, onchange: (event) => choose(event.target.value) },
      options.map(([value, text]) => el("option", { value, selected: String(value) === String(current) }, text)),
    ),
  );

const drawControls = (state) => {
  const { data, shown } = state;
  const years = [...new Set([...shown.scored, ...shown.printed].map(({ about }) => about.year).filter(Boolean))].sort();
  const used = new Set([
    ...shown.scored.map(({ source }) => source),
    ...shown.printed.flatMap(({ cells }) =>
      Object.values(cells).flatMap((m) => Object.values(m).map(([p]) => p.source)),
    ),
  ]);
  replace(
    byId("controls"),
    data.boards.length > 1 &&
      choices(
        state,
        "Benchmark",
        data.boards.map(({ title }, value) => ({ text: title, value })),
        state.board,
        (board) => state.set({ board }),
      ),
    choices(
      state,
      "Metric",
      state.measures().map(({ name }) => ({ text: name, value: name })),
      state.metric,
      (metric) => state.set({ metric }),
    ),
    attributeFields(state),
    el(
      "details",
      {
        class: "filters",
        open: state.filtering,
        ontoggle: (event) => {
          state.filtering = event.target.open;
        },
      },
      el("summary", { "data-key": "filters" }, "Filters"),
      el(
        "div",
        { class: "filter" },
        years.length > 1 &&
          select("Year from", "from", [["", "any"], ...years.map((y) => [y, y])], state.from, (from) =>
            state.set({ from }),
          ),
        years.length > 1 &&
          select("to", "to", [["", "any"], ...years.map((y) => [y, y])], state.to, (to) => state.set({ to })),
        el(
          "label",
          { class: "field" },
          el("span", {}, "Tracker"),
          el("input", {
            type: "search",
            value: state.search,
            "data-key": "search",
            autocomplete: "off",
            oninput: (event) => state.set({ search: event.target.value }),
          }),
        ),
        shown.scored.length > 0 &&
          shown.printed.length > 0 &&
          el(
            "label",
            { class: "check alone" },
            el("input", {
              type: "checkbox",
              checked: state.apart,
              "data-key": "apart",
              onchange: (event) => state.set({ apart: event.target.checked }),
            }),
            el("span", {}, "scored ones before printed ones"),
          ),
        used.size > 1 &&
          el(
            "fieldset",
            { class: "checks" },
            el("legend", { class: "hidden" }, "Source"),
            Object.entries(data.sources)
              .filter(([source]) => used.has(source))
              .map(([source, text]) =>
                el(
                  "label",
                  { class: "check" },
                  el("input", {
                    type: "checkbox",
                    checked: state.sources.has(source),
                    "data-key": `source ${source}`,
                    onchange: () => state.toggle("sources", state.sources, source),
                  }),
                  el("span", {}, text),
                ),
              ),
          ),
      ),
    ),
  );
};

const start = async () => {
  if (typeof DecompressionStream === "undefined")
    throw new Error("this browser is too old to unpack the page (it is of before 2023)");
  const data = await load();
  const state = new State(data);
  const scored = new Set(data.boards.flatMap(({ scored }) => scored.map(({ name }) => name)));
  const printed = new Set(data.boards.flatMap(({ printed }) => printed.map(({ name }) => name)));
  byId("lede").textContent = [
    `${plural(scored.size, "tracker")} scored`,
    printed.size ? `printed numbers of ${printed.size}` : "",
    `written ${data.made}`,
  ]
    .filter(Boolean)
    .join(" · ");
  const what = ({ board, metric, attribute }) => [board, metric, attribute];
  // Where there are only numbers of others, there is nothing to draw.
  const boxes = (draw) => (state) => (state.shown.scored.length ? draw(state) : null);
  buildPairs();
  buildSequences(state);
  state.view(
    null,
    ({ board }) => [board],
    ({ shown }) => {
      for (const id of ["chips", "curves", "attributes", "pairs", "sequences"])
        byId(id).hidden = shown.scored.length === 0;
    },
  );
  const filters = (s) => [what(s), s.from, s.to, s.search, s.sources];
  const among = (s) => [what(s), s.among, s.among === "ticked" && s.chosen];
  const pair = (s) => [among(s), s.reference, s.rival];
  state.view("controls", (s) => [what(s), s.from, s.to, s.sources], drawControls);
  state.view("leaderboard", (s) => [filters(s), s.sort, s.apart, s.opened], drawBoard);
  state.view("chips", (s) => [s.board, s.chosen], boxes(drawChips));
  state.view("curves", (s) => [what(s), s.chosen], boxes(drawCurves));
  state.view("progress", (s) => [filters(s), s.against, s.hardware], drawProgress);
  state.view("attributes", (s) => [s.board, s.metric, s.chosen, s.shown.attributes.length], boxes(drawAttributes));
  state.view("compared", pair, boxes(drawCompared));
  state.view("against", (s) => [pair(s), s.signed], boxes(pairView("against", againstReference)));
  state.view("forest", (s) => [pair(s), s.signed], boxes(pairView("forest", byAttribute)));
  state.view("matrix", (s) => [among(s), s.signed], boxes(pairView("matrix", matrixParts)));
  state.view("ranks", among, boxes(pairView("ranks", rankSection, 3)));
  state.view("scatter", (s) => [pair(s), s.find], boxes(drawScatter));
  state.view("finder", (s) => [pair(s), s.chosen, s.listing, s.find], boxes(drawSequences));
  state.view("sequence", (s) => [s.board, s.metric, s.chosen, s.sequence], boxes(drawSequence));
  state.view("stress", (s) => [s.board, s.metric], drawStress);
  state.view("gaps", () => [], drawGaps);
  state.view("about", () => [], drawAbout);
  // Marks come last: to change them before the others are drawn would cost a layout more.
  state.view(null, (s) => [s.board, s.chosen], tickRows);
  state.view(null, (s) => [s.attribute], boxes(pressAttribute));
  state.view(null, pair, boxes(pressPair));
  state.view(null, (s) => [s.sequence], boxes(pressSequence));
  if (data.dropping) offerDrop(state);
  state.view(null, (s) => [s.unknown], drawUnknown);
  replace(byId("link"), copyLink(state));
  followLight();
  state.draw();
  state.arrive();
  addEventListener("hashchange", () => state.revisit());
  for (const kind of ["scroll", "resize"]) addEventListener(kind, () => state.catchUp(), { passive: true });
  followPrint(state);
  document.documentElement.dataset.ready = "yes";
};

start().catch((error) => {
  byId("leaderboard").replaceChildren(el("p", { class: "empty" }, `The page cannot be shown: ${error.message}`));
});
