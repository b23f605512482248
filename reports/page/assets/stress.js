// What is left when frames fail: a line per stress, a column per tracker, and one moment as each stress shows it.

const drawStress = (state) => {
  const { stress } = state.shown;
  byId("stress").hidden = !stress;
  if (!stress) return;
  const rows = stress.rows.filter(({ metric }) => metric === state.metric);
  const trackers = [...new Set(rows.map(({ tracker }) => tracker))];
  const kind = ({ stress, severity }) => `${stress}${severity ? ` ${severity}` : ""}`;
  const singles = rows.filter(({ severity }) => severity);
  const lines = [...new Set([...singles, ...rows.filter(({ stress }) => stress === "mean")].map(kind))];
  const cell = (row) =>
    el(
      "td",
      { class: "number", title: row && row.low !== null ? `${signed(row.low)} to ${signed(row.high)}` : null },
      row ? `${percent(row.value)} (${signed(row.difference)})` : "–",
      row &&
        svg(
          "svg",
          { class: "loss", width: 60, height: 6, "aria-hidden": "true" },
          svg("rect", { width: 60, height: 6, fill: "currentColor", "fill-opacity": 0.12 }),
          svg("rect", { width: 60 * Math.min(1, Math.max(0, row.drop ?? 0)), height: 6, fill: "currentColor" }),
        ),
    );
  replace(
    byId("stress"),
    headed(
      el("h2", { id: "stress-title" }, `${state.metric} under stress`),
      saveTable(state, "the stresses", "stress", () => ({
        name: fileName(state.shown.title, "stress", state.metric),
        title: `${state.shown.title}: ${state.metric} under stress, and the difference to clean frames`,
        ...tableOf(byId("stress").querySelector("table")),
      })),
    ),
    el(
      "p",
      { class: "note" },
      "Score, difference to clean frames; the bar is the share of the clean score that is lost. ",
      "Point at a cell for the difference's 95 % interval.",
    ),
    el(
      "div",
      { class: "scroll" },
      el(
        "table",
        { class: "stress" },
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["stress", ...trackers].map((name) => el("th", { scope: "col" }, name)),
          ),
        ),
        el(
          "tbody",
          {},
          lines.map((line) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, line),
              trackers.map((name) => cell(rows.find((row) => row.tracker === name && kind(row) === line))),
            ),
          ),
        ),
      ),
    ),
    el(
      "div",
      { class: "film" },
      stress.pictures.map(({ stress, severity, images }) =>
        el(
          "figure",
          {},
          images.map((image, i) =>
            el("img", {
              src: addressOf(state, image),
              width: 160,
              alt: `${stress} ${severity}, ${i ? "thermal" : "visible"}`,
            }),
          ),
          el("figcaption", {}, `${stress} ${severity}`),
        ),
      ),
    ),
  );
};

const signed = (value) => `${value < 0 ? "" : "+"}${(100 * value).toFixed(1)}`;

const addressOf = (state, image) => {
  if (!pictures.has(image)) pictures.set(image, state.data.picture(image));
  return pictures.get(image);
};
