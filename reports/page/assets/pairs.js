// Tracker against tracker: the paired differences to a reference, by attribute, of all pairs, and mean ranks.

const signedPercent = (value) => {
  if (value === null) return "–";
  const text = (100 * Math.abs(value)).toFixed(1);
  return `${value < 0 && Number(text) ? "−" : "+"}${text}`;
};
const differenceText = ({ difference, low, high }) =>
  low === null
    ? signedPercent(difference)
    : `${signedPercent(difference)} [${signedPercent(low)}, ${signedPercent(high)}]`;
const chanceText = (p) => (p === null ? "…" : Number.isNaN(p) ? "–" : p < 0.0001 ? "<0.0001" : p.toFixed(4));
const isSure = (p) => p !== null && p < 0.05;

// Who is compared, best first: scored here, without a gap in this attribute, and no copy of the truth.
const comparedOf = (state) => {
  const { data, shown, m, attribute } = state;
  return shown.scored
    .map((tracker, k) => ({ ...tracker, k, value: meanScore(data, shown, k, m, attribute) }))
    .filter(
      ({ name, value, is_truth }) =>
        !Number.isNaN(value) && !is_truth && (state.among === "all" || state.ticked.has(name)),
    )
    .sort((x, y) => y.value - x.value);
};

// The two trackers that are looked at: those asked for, else the best two.
const pairOf = (state, compared = comparedOf(state)) => {
  const named = (name) => compared.find((tracker) => tracker.name === name);
  const reference = named(state.reference) ?? compared.find(({ name }) => name !== state.rival) ?? compared[0];
  const rival = [named(state.rival), ...compared].find((tracker) => tracker && tracker !== reference);
  return { reference, rival };
};

// Everything about all pairs: tests (K, K) by place among all that were scored, and Holm's adjustment over the pairs.
const pairChances = (state, compared) => {
  const { data, shown, m, attribute } = state;
  const tests = pairTests(data, shown, m, attribute);
  const count = shown.scored.length;
  const raw = (i, j) => (tests ? tests[i * count + j] : null);
  const pairs = compared.flatMap(({ k }, n) => compared.slice(0, n).map((other) => [k, other.k]));
  const adjusted = new Map();
  if (tests) holm(pairs.map(([i, j]) => raw(i, j))).forEach((p, n) => adjusted.set(pairs[n].join(), p));
  return {
    raw,
    holm: (i, j) => adjusted.get([i, j].join()) ?? adjusted.get([j, i].join()) ?? null,
    pairs: pairs.length,
  };
};

// The places of what is told of pairs; each is a view of its own.
const buildPairs = () =>
  replace(
    byId("pairs"),
    el("div", { id: "compared" }),
    el(
      "div",
      { class: "pair" },
      el("section", { id: "against", class: "against" }),
      el("section", { id: "forest", class: "forest" }),
    ),
    el("section", { id: "matrix", class: "matrix" }),
    el("section", { id: "ranks", class: "ranks" }),
  );

// parts(state, compared, pair): what stands in the place of this id, where there is somebody to compare.
const pairView =
  (id, parts, least = 2) =>
  (state) => {
    const compared = comparedOf(state);
    byId(id).hidden = compared.length < least;
    replace(byId(id), compared.length < least ? [] : parts(state, compared, pairOf(state, compared)));
  };

const drawCompared = (state) => {
  const { shown, data } = state;
  const compared = comparedOf(state);
  const attribute = shown.attributes[state.attribute];
  const among = choices(
    state,
    "Compared",
    [
      { text: "all scored here", value: "all" },
      { text: "ticked ones", value: "ticked" },
    ],
    state.among,
    (value) => state.set({ among: value }),
  );
  const few = compared.length < 2;
  if (!few) drawSigns(data, shown.sequences.length, () => state.set({ signed: state.signed + 1 }));
  const pair = few ? null : pairOf(state, compared);
  const names = compared.map(({ name }) => [name, name]);
  replace(
    byId("compared"),
    el("h2", { id: "pairs-title" }, "Tracker against tracker"),
    el(
      "p",
      { class: "under" },
      [state.metric, " on ", shown.title, state.attribute ? `, ${attribute.name}` : "", ", "],
      `${plural(membersOf(data, shown, state.attribute).length, "sequence")}.`,
    ),
    el(
      "div",
      { class: "filter" },
      among,
      pair && [
        select("Reference", "reference", names, pair.reference.name, (name) =>
          state.set({ reference: name, rival: name === pair.rival.name ? pair.reference.name : pair.rival.name }),
        ),
        select(
          "Other tracker",
          "rival",
          names.filter(([name]) => name !== pair.reference.name),
          pair.rival.name,
          (name) => state.set({ reference: pair.reference.name, rival: name }),
        ),
      ],
    ),
    few && el("p", { class: "empty" }, "A comparison needs two trackers that have boxes for all of these sequences."),
  );
};

const spanOver = (spans) => {
  const ends = spans.flatMap(({ difference, low, high }) => [difference, low, high]).filter((end) => end !== null);
  const most = Math.max(0.005, ...ends.map(Math.abs)) * 1.04;
  return { low: -most, high: most };
};

// A difference and its interval on an axis around zero; pale where it may be chance.
const gainMark = (axis, { difference, low, high }, sure) =>
  difference === null
    ? null
    : svg(
        "svg",
        {
          class: `whisker gain ${sure ? (difference > 0 ? "up" : "down") : "pale"}`,
          height: 14,
          width: "100%",
          "aria-hidden": "true",
        },
        svg("line", { class: "grid", x1: "50%", x2: "50%", y1: 0, y2: 14 }),
        low !== null && svg("line", { x1: along(axis, low), x2: along(axis, high), y1: 7, y2: 7 }),
        svg("circle", { cx: along(axis, difference), cy: 7, r: 3.5 }),
      );

const columnHeads = (titles) =>
  el(
    "thead",
    {},
    el(
      "tr",
      {},
      titles.map(([title, kind]) => el("th", { scope: "col", class: kind }, title)),
    ),
  );

// kind: the class of the section that has the table.
const pairMenu = (state, label, kind, title) => {
  const place = (css) => byId("pairs").querySelector(`section.${kind} ${css}`);
  return saveTable(state, label, kind, () => ({
    name: fileName(subject(state), title),
    title: `${subject(state)}: ${title}`,
    ...tableOf(place("table")),
    note: place(".note").textContent,
  }));
};

const againstReference = (state, compared, { reference, rival }) => {
  const { data, shown, m, attribute } = state;
  const chances = pairChances(state, compared);
  const rows = compared
    .filter((tracker) => tracker !== reference)
    .map((tracker) => ({
      tracker,
      span: pairSpan(data, shown, m, attribute, tracker.k, reference.k),
      counts: countWins(data, shown, m, attribute, tracker.k, reference.k),
      p: chances.holm(tracker.k, reference.k),
    }));
  const axis = spanOver(rows.map(({ span }) => span));
  byId("against").setAttribute("aria-label", `Differences to ${reference.name}`);
  return [
    headed(
      el("h3", {}, "Less ", el("span", { class: "label" }, reference.name), ` (${percent(reference.value)})`),
      pairMenu(state, "the differences", "against", `${state.metric} less that of ${reference.name}`),
    ),
    el(
      "table",
      { class: "legend" },
      columnHeads([
        ["Tracker", "name"],
        [`${state.metric} points`, "number"],
        ["", "span wide"],
        ["wins / ties / losses", "number wide"],
        ["p (Holm)", "number"],
      ]),
      el(
        "tbody",
        {},
        rows.map(({ tracker, span, counts, p }) =>
          el(
            "tr",
            { class: tracker === rival ? "current" : "", "data-tracker": tracker.name },
            rowButton(
              {
                "aria-pressed": tracker === rival,
                "data-key": `rival ${tracker.name}`,
                onclick: () => state.set({ reference: reference.name, rival: tracker.name }),
              },
              mark(state, tracker.name),
              el("span", { class: "label" }, tracker.name),
            ),
            el("td", { class: "number" }, differenceText(span)),
            el("td", { class: "span wide" }, gainMark(axis, span, isSure(p))),
            el("td", { class: "number wide" }, `${counts.wins} / ${counts.ties} / ${counts.losses}`),
            el("td", { class: "number" }, chanceText(p)),
          ),
        ),
      ),
    ),
    el(
      "p",
      { class: "note" },
      "Mean paired difference in points, with its 95 % bootstrap interval over sequences. ",
      `Wins: sequences on which the tracker is better than ${reference.name}. `,
      `p: sign-flip test, adjusted by Holm for ${plural(chances.pairs, "pair")}.`,
    ),
  ];
};

// The forest: one pair on every attribute. Holm's adjustment is over the attributes; the first row stands alone.
const byAttribute = (state, _, { reference, rival }) => {
  const { data, shown, m } = state;
  const own = shown.attributes.map((attribute, a) => ({ attribute, a })).filter(({ attribute }) => !attribute.of);
  const found = pairByAttribute(data, shown, m, rival.k, reference.k);
  const rows = own.map(({ attribute, a }) => ({
    attribute,
    a,
    span: found[a],
    p: found[a].p,
  }));
  const told = rows.every(({ p }) => p !== null);
  const adjusted = told ? [rows[0].p, ...holm(rows.slice(1).map(({ p }) => p))] : rows.map(() => null);
  const axis = spanOver(rows.map(({ span }) => span));
  byId("forest").setAttribute("aria-label", `${rival.name} less ${reference.name} by attribute`);
  return [
    headed(
      el(
        "h3",
        {},
        el("span", { class: "label" }, rival.name),
        " less ",
        el("span", { class: "label" }, reference.name),
        ", by attribute",
      ),
      pairMenu(state, "the forest", "forest", `${state.metric} of ${rival.name} less ${reference.name} by attribute`),
    ),
    el(
      "table",
      { class: "legend" },
      columnHeads([
        ["Attribute", "name"],
        ["Sequences", "number wide"],
        [`${state.metric} points`, "number"],
        ["", "span wide"],
        ["p (Holm)", "number"],
      ]),
      el(
        "tbody",
        {},
        rows.map(({ attribute, a, span }, n) =>
          el(
            "tr",
            { class: a === state.attribute ? "current" : "" },
            rowButton(
              {
                title: attribute.meaning,
                "aria-pressed": a === state.attribute,
                "data-key": `forest ${attribute.name}`,
                onclick: () => state.set({ attribute: a }),
              },
              el("span", { class: "label" }, a ? attribute.name : "All"),
            ),
            el("td", { class: "number wide" }, attribute.sequences),
            el("td", { class: "number" }, differenceText(span)),
            el("td", { class: "span wide" }, gainMark(axis, span, isSure(adjusted[n]))),
            el("td", { class: "number" }, chanceText(adjusted[n])),
          ),
        ),
      ),
    ),
    el(
      "p",
      { class: "note" },
      `p is adjusted by Holm for ${plural(own.length - 1, "attribute")}; the row of all sequences stands alone. `,
      "Pale: p is 0.05 or more.",
    ),
  ];
};
