// Elements out of plain values. Text always becomes text: nothing here reads markup, so no name can run.

const SVG = "http://www.w3.org/2000/svg";

const fill = (node, properties, children) => {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean" && !name.startsWith("aria-")) node.toggleAttribute(name, value);
    else node.setAttribute(name, String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
};

const el = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);
const svg = (tag, properties = {}, ...children) => fill(document.createElementNS(SVG, tag), properties, children);
const byId = (id) => document.getElementById(id);

// The head of a table's row that is a button: who or what the row is about.
const rowButton = (properties, ...children) =>
  el(
    "th",
    { scope: "row", class: "name" },
    el("button", { type: "button", class: "open", ...properties }, ...children),
  );

// Rows of a long table, made when they are added: at first those that its box may show, later some at a time. Answers
// what adds the next ones. scrolled: pixels of the box that are out of sight above.
const LOW = 24; // pixels of a row, at least
const SOME = 120;
const addRows = (body, rows, scrolled) => {
  let from = 0;
  const add = (count) => {
    body.append(...rows.slice(from, from + count).flatMap((row) => row()));
    from += count;
    return from < rows.length ? () => add(SOME) : null;
  };
  return add(Math.ceil((scrolled + innerHeight) / LOW));
};

const replace = (container, ...children) => container.replaceChildren(...children.flat().filter(Boolean));

// How far parts are scrolled, by data-scroll. To ask them would make the browser lay the page out.
const scrolled = new Map();
const scrolledTo = (key) => scrolled.get(key)?.top ?? 0;
const followScroll = ({ target }) => {
  const key = target.dataset?.scroll;
  if (key) scrolled.set(key, { node: target, top: target.scrollTop });
};
document.addEventListener("scroll", followScroll, { capture: true, passive: true });

// Where the keyboard and scrolled parts are; the answer puts them back there after drawing. Elements are known again by
// data-key and data-scroll. Asked once for all views.
const place = () => {
  const key = document.activeElement?.dataset?.key;
  return () => {
    const nodes = new Map([...document.querySelectorAll("[data-scroll]")].map((node) => [node.dataset.scroll, node]));
    for (const [name, before] of scrolled) {
      const node = nodes.get(name);
      if (!node) scrolled.delete(name);
      else if (node !== before.node) {
        before.node = node;
        node.scrollTop = before.top;
      }
    }
    if (key && document.activeElement === document.body)
      [...document.querySelectorAll("[data-key]")]
        .find((node) => node.dataset.key === key)
        ?.focus({ preventScroll: true });
  };
};

// Of whole numbers; toLocaleString would load all that the browser knows of languages first.
const grouped = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
const plural = (count, word) => `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;
const sizeText = ({ sequences, frames }) =>
  plural(sequences, "sequence") + (frames === null ? "" : `, ${plural(frames, "frame")}`);
const percent = (value) => (value === null ? "–" : (100 * value).toFixed(1));
