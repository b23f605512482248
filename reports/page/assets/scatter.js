// One tracker against another, a dot a sequence: above the diagonal the first is better. A click or the arrow keys
// choose a sequence.

const drawScatter = (state) => {
  const compared = comparedOf(state);
  if (compared.length < 2) {
    replace(byId("scatter"));
    delete byId("scatter").press;
    return;
  }
  const { data, shown, m } = state;
  const { reference, rival } = pairOf(state, compared);
  const found = searchTest(state, state.find);
  const dots = membersOf(data, shown, state.attribute)
    .filter(found)
    .map((s) => ({
      s,
      name: shown.sequences[s],
      x: singleOf(data, shown, reference.k, m, s),
      y: singleOf(data, shown, rival.k, m, s),
    }))
    .sort((one, other) => one.y - one.x - (other.y - other.x));
  const worse = dots.filter(({ x, y }) => level(data, y - x) < 0).length;
  const better = dots.filter(({ x, y }) => level(data, y - x) > 0).length;
  const title = `${rival.name} against ${reference.name}, ${state.metric} of each sequence`;
  const label = `${title}: better on ${better}, worse on ${worse} of ${dots.length}`;
  const stop = () => dots.find(({ s }) => s === state.sequence) ?? dots[0]; // for the Tab key
  const look = (one) => {
    const here = one.s === state.sequence;
    return {
      class: here ? "here" : level(data, one.y - one.x) < 0 ? "down" : "up",
      r: here ? 6 : 3.5,
      tabindex: one === stop() ? 0 : -1,
      "aria-pressed": here,
    };
  };
  let last = stop();
  byId("scatter").press = () => {
    for (const one of dots.length ? [last, stop()] : [])
      for (const [name, value] of Object.entries(look(one)))
        byId("scatter").querySelector(`[data-sequence="${one.s}"]`).setAttribute(name, value);
    last = stop();
  };
  const focus = () => byId("scatter").querySelector("[tabindex='0']")?.focus();
  const step = (event) => {
    const to = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -dots.length, End: dots.length }[
      event.key
    ];
    if (!to) return;
    event.preventDefault();
    state.set({ sequence: dots[within(0, dots.indexOf(stop()) + to, dots.length - 1)].s });
    focus();
  };
  const plot = (width) => {
    const side = Math.min(width, 420);
    const [left, right, top, bottom] = [36, side - 8, 12, side - 44];
    const x = scale(0, 1, left, right);
    const y = scale(0, 1, bottom, top);
    const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map((t) => [t, String(Math.round(100 * t))]);
    return {
      height: side,
      role: "group",
      parts: [
        axes({ x, y, xTicks: ticks, yTicks: ticks, left, right, top, bottom }),
        svg("line", { class: "base", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }),
        svg("text", { class: "tick", x: right, y: bottom + 32, "text-anchor": "end" }, `${reference.name} →`),
        svg("text", { class: "tick", x: left + 4, y: top + 4 }, `↑ ${rival.name}`),
        svg(
          "g",
          {
            class: "scatter",
            onclick: (event) => {
              const s = event.target.dataset.sequence;
              if (s) state.set({ sequence: Number(s) });
            },
            onkeydown: step,
          },
          dots.map((one) =>
            svg(
              "circle",
              {
                ...look(one),
                cx: x(one.x).toFixed(1),
                cy: y(one.y).toFixed(1),
                role: "button",
                "aria-label": `${one.name}: ${rival.name} ${percent(one.y)}, ${reference.name} ${percent(one.x)}`,
                "data-sequence": one.s,
                "data-key": `dot ${one.s}`,
              },
              svg("title", {}, `${one.name}: ${rival.name} ${percent(one.y)}, ${reference.name} ${percent(one.x)}`),
            ),
          ),
        ),
      ],
    };
  };
  const place = drawing(label, plot);
  replace(
    byId("scatter"),
    headed(
      el(
        "h3",
        {},
        el("span", { class: "label" }, rival.name),
        " against ",
        el("span", { class: "label" }, reference.name),
      ),
      chartMenu("the dots", "scatter", place, `${subject(state)}: ${title}`, [], () => [
        ["sequence", reference.name, rival.name],
        ...dots.map(({ name, x, y }) => [name, ...[x, y].map((value) => (100 * value).toFixed(1))]),
      ]),
    ),
    el(
      "p",
      { class: "note" },
      `${state.metric} of ${plural(dots.length, "sequence")}. Above the line ${rival.name} is better (${better}), `,
      `below it worse (${worse}). A click on a dot opens its sequence; `,
      "arrow keys go from the most lost to the most won.",
    ),
    dots.length ? place : el("p", { class: "empty" }, "No sequence is left."),
  );
};
