// Rows of the leaderboard: trackers scored here and prints of others, filtered, ranked and sorted.

const NOTHING = { value: null, low: null, high: null, source: null, prints: [] };

const scoredRow = (state, tracker, k) => {
  const board = state.shown;
  const values = {};
  board.measures.forEach(({ name }, m) => {
    values[name] = { ...scoreOf(state.data, board, k, m, state.attribute), source: tracker.source, prints: [] };
  });
  const gaps = tracker.failed.length + tracker.missing.length;
  return { ...tracker, key: `scored ${tracker.name}`, k, values, gaps };
};

const printedRow = (state, tracker) => {
  const found = tracker.cells[state.shown.attributes[state.attribute].name] ?? {};
  const values = {};
  for (const { name } of state.shown.measures) {
    const prints = found[name] ?? [];
    const value = prints.length ? Number(prints[0].value) / 100 : null;
    values[name] = prints.length ? { value, low: null, high: null, source: prints[0].source, prints } : NOTHING;
  }
  return { ...tracker, key: `printed ${tracker.name}`, k: null, values, gaps: 0 };
};

// A tracker of the same name that is scored here has its prints in its details, not in a row of their own.
const rowsOf = (state) => {
  const shows = (row) => {
    const year = Number(row.about.year);
    const { source } = row.values[state.metric];
    return (
      source !== null &&
      state.sources.has(source) &&
      (!year || ((!state.from || year >= state.from) && (!state.to || year <= state.to))) &&
      row.name.toLowerCase().includes(state.search.trim().toLowerCase())
    );
  };
  const scored = state.shown.scored.map((tracker, k) => scoredRow(state, tracker, k)).filter(shows);
  const own = new Set(scored.map((row) => row.name.toLowerCase()));
  const printed = state.shown.printed.map((tracker) => printedRow(state, tracker)).filter(shows);
  for (const row of scored)
    row.print = state.shown.printed.find(({ name }) => name.toLowerCase() === row.name.toLowerCase());
  const rows = [...scored, ...printed.filter((row) => !own.has(row.name.toLowerCase()))];
  rank(rows, state);
  return sorted(rows, state);
};

// Best and worst rank of each tracker scored here: below all that are better by their paired differences, above all
// that are worse.
const rank = (rows, state) => {
  const { data, shown, m, attribute } = state;
  const rivals = rows.filter((row) => row.k !== null && !row.is_truth);
  const known = rivals.filter((row) => row.values[state.metric].value !== null);
  for (const row of rows) row.rank = row.worst = null;
  for (const row of known) [row.rank, row.worst] = [1, known.length];
  for (const one of known)
    for (const other of known)
      if (one !== other && isBetter(data, shown, m, attribute, one.k, other.k)) {
        other.rank++;
        one.worst--;
      }
};

const SORTS = {
  rank: (row) => row.rank,
  name: (row) => row.name.toLowerCase(),
  metric: (row, metric) => row.values[metric].value,
  about: (row, key) => Number(row.about[key]) || row.about[key] || null,
  source: (row, metric, sources) => sources.indexOf(row.values[metric].source),
};

// Whom curves are drawn of stands before the printed ones, unless all are wanted in one order; the truth, given as a
// tracker, is no rival of either.
const groupOf = (row, apart) => (row.is_truth ? 1 : apart && row.k === null ? 2 : 0);

const sorted = (rows, { sort: { key, down }, metric, apart }, sources = SOURCE_ORDER) => {
  const [name, own = metric] = key.split(/:(.*)/);
  const keyed = rows.map((row) => [SORTS[name](row, own, sources), row.values[metric].value ?? -1, row]);
  keyed.sort(([a, x, first], [b, y, second]) => {
    const groups = groupOf(first, apart) - groupOf(second, apart);
    if (groups) return groups;
    if (a === null || b === null) return (a === null) - (b === null); // what is not known stands last either way
    return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1) || y - x;
  });
  return keyed.map(([, , row]) => row);
};

const SOURCE_ORDER = ["dropped", "measured", "scored", "printed", "quoted", "list", "notes"];
