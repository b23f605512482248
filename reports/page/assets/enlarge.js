// The pictures of one moment, as large as the window: visible and thermal beside one another, other moments by arrow.

const enlarged = (state, s, first) => {
  const moments = state.shown.strips[s];
  const name = state.shown.sequences[s];
  const picked = state.picked().map((tracker) => ({ ...tracker, ...state.look(tracker.name) }));
  let at = first;
  const dialog = el("dialog", { class: "large", "aria-label": "Pictures of a moment", onclose: () => dialog.remove() });
  const go = (by) => {
    at = within(0, at + by, moments.length - 1);
    draw();
  };
  const button = (text, label, act, disabled) =>
    el("button", { type: "button", "aria-label": label, "data-key": label, disabled, onclick: act }, text);
  const draw = () => {
    const moment = moments[at];
    const key = document.activeElement?.dataset?.key;
    dialog.replaceChildren(
      el(
        "p",
        { class: "bar" },
        el("b", { class: "label" }, name),
        el(
          "span",
          { role: "status" },
          `frame ${frameNumber(state.shown, moment.frame)}, ${at + 1} of ${moments.length}`,
        ),
        button("‹", "Earlier", () => go(-1), at === 0),
        button("›", "Later", () => go(1), at === moments.length - 1),
        button("×", "Close", () => dialog.close(), false),
      ),
      el(
        "div",
        { class: "film both" },
        moment.images.map((image, i) => picture(state, moment, image, i ? "thermal" : "visible", picked)),
      ),
      el(
        "p",
        { class: "bar" },
        picked
          .filter(({ k }) => moment.boxes[k])
          .map((tracker) =>
            el(
              "span",
              { "data-tracker": tracker.name },
              mark(state, tracker.name),
              el("span", { class: "label" }, tracker.name),
            ),
          ),
        el("span", {}, truthKey(), " truth"),
      ),
    );
    (dialog.querySelector(`[data-key="${key}"]:not([disabled])`) ?? dialog.querySelector("[data-key=Close]")).focus();
  };
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) go(by);
  });
  document.body.append(dialog);
  dialog.showModal();
  draw();
};
