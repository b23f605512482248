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

// New children, but keyboard and scrolling stay where they were: elements are known again by data-key, data-scroll.
const replace = (container, ...children) => {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const scrolled = new Map(
    [...container.querySelectorAll("[data-scroll]")].map((node) => [node.dataset.scroll, node.scrollTop]),
  );
  container.replaceChildren(...children.flat().filter(Boolean));
  for (const node of container.querySelectorAll("[data-scroll]"))
    node.scrollTop = scrolled.get(node.dataset.scroll) ?? 0;
  if (key)
    [...container.querySelectorAll("[data-key]")]
      .find((node) => node.dataset.key === key)
      ?.focus({ preventScroll: true });
};

const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
const percent = (value) => (value === null ? "–" : (100 * value).toFixed(1));
