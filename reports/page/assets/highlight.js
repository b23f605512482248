// One tracker stands out everywhere while the pointer or the keyboard is on anything that is its own: a row, a chip, a
// line of a legend, a curve, a dot. Whatever is a tracker's own says so by data-tracker.

const CHARTS = ".drawing, .attributes, .film";
let lit = null;

const light = (name) => {
  if (name === lit) return;
  lit = name;
  relight(document);
};

// Also for what has just been drawn. Others fade only in charts that show the tracker.
const relight = (root) => {
  const before = [...root.querySelectorAll(".lit")];
  const now = lit === null ? [] : root.querySelectorAll(`[data-tracker="${CSS.escape(lit)}"]`);
  if (!before.length && !now.length) return;
  for (const node of before) node.classList.toggle("lit", node.dataset.tracker === lit);
  for (const node of now) node.classList.add("lit");
  for (const chart of document.querySelectorAll(CHARTS))
    chart.classList.toggle("lights", lit !== null && chart.querySelector(".lit") !== null);
};

const followLight = () => {
  const own = (event) => light(event.target.closest?.("[data-tracker]")?.dataset.tracker ?? null);
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, own);
  document.documentElement.addEventListener("pointerleave", () => light(null));
  document.addEventListener("focusout", () => light(null));
};
