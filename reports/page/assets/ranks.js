// Mean ranks on a line; a bar joins trackers that Nemenyi's test does not tell apart (Demsar, JMLR 2006, Fig. 1).

const ROOM = 150; // pixels for names on either side
const LINE = 17;

const rankSection = (state, compared) => {
  const { data, shown, m, attribute } = state;
  const found = meanRanks(
    data,
    shown,
    m,
    attribute,
    compared.map(({ k }) => k),
  );
  const ranked = compared.map(({ name }, i) => ({ name, rank: found.ranks[i] })).sort((x, y) => x.rank - y.rank);
  const cliques = cliquesOf(ranked, found.critical);
  const told = ranked.map(({ name, rank }) => `${name} ${rank.toFixed(2)}`).join(", ");
  const place = drawing(`Mean ranks: ${told}. Critical difference ${found.critical.toFixed(2)}`, (width) =>
    rankParts(state, ranked, cliques, found.critical, width),
  );
  return [
    headed(
      el("h3", {}, "Mean ranks"),
      found.sequences > 1 &&
        chartMenu("the mean ranks", "ranks", place, `${subject(state)}: mean ranks by ${state.metric}`, [], () => [
          ["tracker", "mean rank"],
          ...ranked.map(({ name, rank }) => [name, rank.toFixed(4)]),
        ]),
    ),
    found.sequences < 2
      ? el("p", { class: "empty" }, "Mean ranks need two sequences.")
      : [
          place,
          el(
            "p",
            { class: "note" },
            `Mean rank over ${plural(found.sequences, "sequence")}, 1 being the best. `,
            `All alike: p ${found.p < 0.0001 ? "" : "= "}${chanceText(found.p)} (Friedman). `,
            `Mean ranks that are more than ${found.critical.toFixed(2)} apart differ at 5 % (Nemenyi); `,
            "a bar joins those that are not.",
          ),
        ],
  ].flat();
};

// First and last place of each longest run within the critical difference.
const cliquesOf = (ranked, critical) => {
  const ends = ranked.map(({ rank }) => ranked.findLastIndex((other) => other.rank - rank <= critical));
  return ends.map((end, i) => [i, end]).filter(([i, end]) => end > i && (i === 0 || ends[i - 1] < end));
};

const rankParts = (state, ranked, cliques, critical, width) => {
  const room = Math.min(ROOM, width * 0.3);
  const x = scale(1, ranked.length, room, width - room);
  const base = 44;
  const floor = base + 10 + 7 * cliques.length;
  const half = Math.ceil(ranked.length / 2);
  const letters = Math.floor((room - 44) / 6.2);
  const short = (name) => (name.length > letters ? `${name.slice(0, letters - 1)}…` : name);
  return {
    height: floor + LINE * half + 6,
    parts: [
      svg("line", { class: "base", x1: x(1), x2: x(ranked.length), y1: base, y2: base }),
      ranked.map((_, i) => [
        svg("line", { class: "base", x1: x(i + 1), x2: x(i + 1), y1: base - 4, y2: base }),
        svg("text", { class: "tick", x: x(i + 1), y: base - 8, "text-anchor": "middle" }, i + 1),
      ]),
      svg("path", {
        class: "base",
        d: `M${x(1)},10v8M${x(1)},14H${Math.min(x(1 + critical), width - room)}m0,-4v8`,
        fill: "none",
      }),
      svg(
        "text",
        { class: "tick", x: Math.min(x(1 + critical), width - room) + 6, y: 18 },
        `critical difference ${critical.toFixed(2)}`,
      ),
      cliques.map(([first, last], i) =>
        svg("line", {
          class: "clique",
          x1: x(ranked[first].rank) - 3,
          x2: x(ranked[last].rank) + 3,
          y1: base + 7 + 7 * i,
          y2: base + 7 + 7 * i,
        }),
      ),
      ranked.map(({ name, rank }, i) => {
        const left = i < half;
        const y = floor + LINE * (left ? i : ranked.length - 1 - i) + 8;
        const edge = left ? room - 6 : width - room + 6;
        return svg(
          "g",
          { class: state.look(name).colour, "data-tracker": name },
          svg("path", { class: "leader", d: `M${x(rank)},${base}V${y}H${edge}` }),
          svg(
            "text",
            { x: left ? edge - 4 : edge + 4, y: y + 4, "text-anchor": left ? "end" : "start" },
            `${short(name)} ${rank.toFixed(2)}`,
            svg("title", {}, name),
          ),
        );
      }),
    ],
  };
};
