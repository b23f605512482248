// Pictures of a sequence: visible above thermal, the truth dashed, the chosen trackers in their colours and marks.

const strip = (state, s, read) => {
  const moments = state.shown.strips[s];
  if (!moments) return null;
  const picked = state.picked().map((tracker) => ({ ...tracker, ...state.look(tracker.name) }));
  return el(
    "section",
    { class: "strip", "aria-label": "Pictures of moments" },
    el("h4", {}, "Where all trackers of this page disagree most"),
    el("p", { class: "note" }, "Visible above, thermal below; ", truthKey(), " truth. A click enlarges."),
    el(
      "div",
      { class: "film" },
      moments.map((moment, at) =>
        el(
          "figure",
          {},
          moment.images.map((image, i) =>
            el(
              "button",
              {
                type: "button",
                class: "enlarge",
                "data-key": `enlarge ${at} ${i}`,
                onclick: () => enlarged(state, s, at),
              },
              picture(state, moment, image, i ? "thermal" : "visible", picked),
            ),
          ),
          el(
            "figcaption",
            {},
            el(
              "button",
              { type: "button", "data-key": `moment ${moment.frame}`, onclick: () => read(moment.frame) },
              `Frame ${frameNumber(state.shown, moment.frame)}`,
            ),
          ),
        ),
      ),
    ),
  );
};

const truthKey = () =>
  svg("svg", { class: "key", viewBox: "0 0 22 10", "aria-hidden": "true" }, outline([2, 2, 18, 6], "truth"));

const pictures = new Map(); // an address per image, made when it is first shown

const picture = (state, moment, image, kind, picked) => {
  if (!pictures.has(image)) pictures.set(image, state.data.picture(image));
  const [x, y, width, height] = moment.cut;
  const there = picked.filter(({ k }) => moment.boxes[k]);
  const names = there.map(({ name }) => name).join(", ") || "no tracker";
  const label = `Frame ${frameNumber(state.shown, moment.frame)}, ${kind}, with boxes of ${names}`;
  return svg(
    "svg",
    { viewBox: `${x} ${y} ${width} ${height}`, role: "img", "aria-label": label },
    svg("image", { href: pictures.get(image), x, y, width, height, preserveAspectRatio: "none" }),
    there.map(({ k, name, colour }) =>
      svg("g", { "data-tracker": name }, outline(moment.boxes[k], "halo"), outline(moment.boxes[k], `box ${colour}`)),
    ),
    there.map(({ k, colour, shape }, i) => pin(moment.boxes[k], colour, shape, (i + 0.5) / there.length, width / 34)),
    moment.truth.filter(Boolean).map((box) => [outline(box, "halo"), outline(box, "truth")]),
  );
};

// A tracker's mark on the upper edge of its box, each at its own place: boxes that cover one another stay apart.
const pin = ([x, y, width], colour, shape, at, radius) =>
  svg("g", { class: `pin ${colour}` }, dot(shape, x + at * Math.max(0, width), y, radius));

const outline = ([x, y, width, height], kind) =>
  svg("rect", { class: kind, x, y, width: Math.max(0, width), height: Math.max(0, height) });
