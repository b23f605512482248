// The leaderboard as it is shown, as CSV to copy.

const csvOf = (state, rows) => {
  const { title, attributes } = state.shown;
  const measures = state.measures().map(({ name }) => name);
  const digits = (share) => (share === null ? "" : (100 * share).toFixed(4));
  const about = state.data.columns.filter(({ key }) => rows.some((row) => row.about[key]));
  const head = ["benchmark", "attribute", "tracker", "rank", "rank_high"];
  const body = rows.map((row) => [
    title,
    attributes[state.attribute].name,
    row.name,
    row.rank,
    row.worst,
    ...measures.flatMap((name) => {
      const { value, low, high, prints } = row.values[name];
      return [prints.length ? prints[0].value : digits(value), digits(low), digits(high)]; // prints to their own digits
    }),
    ...about.map(({ key }) => row.about[key]),
    state.data.sources[row.values[state.metric].source],
    row.values[state.metric].prints[0]?.reference,
  ]);
  const columns = measures.flatMap((name) => [name, `${name}_low`, `${name}_high`]);
  const titles = [...head, ...columns, ...about.map(({ key }) => key), "source", "reference"];
  return [titles, ...body];
};

// Made when it is opened: it would hold up every filter.
const asText = (state, rows) => {
  const area = el("textarea", { readonly: true, rows: 8, spellcheck: "false", "aria-label": "Leaderboard as CSV" });
  const show = () => {
    area.value ||= csvText(csvOf(state, rows)).trimEnd();
  };
  area.addEventListener("focus", () => area.select());
  const open = state.copying === true;
  if (open) show();
  return el(
    "details",
    {
      class: "text",
      open,
      ontoggle: (event) => {
        state.copying = event.target.open;
        if (state.copying) show();
      },
    },
    el("summary", { "data-key": "text" }, "This table as CSV"),
    area,
  );
};
