// A chart as a picture of its own: its look written into it, on the page's ground, with its title and who is drawn.

const LOOK = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linejoin",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "paint-order",
  "visibility",
];
const LEGEND = 20; // pixels of a line of the legend

// Characters that XML allows: a name may hold others.
const clean = (text) => text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");

// A copy that needs no style sheet.
const copied = (node) => {
  if (!node.isConnected) {
    const holder = el("div", { hidden: true }, node); // only what is on the page has a look
    document.body.append(holder);
    const copy = copied(node);
    holder.remove();
    return copy;
  }
  const copy = node.cloneNode(true);
  const copies = [copy, ...copy.querySelectorAll("*")];
  [node, ...node.querySelectorAll("*")].forEach((own, i) => {
    const style = getComputedStyle(own);
    const target = copies[i];
    if (style.visibility === "hidden" || own.matches(".reach")) target.dataset.gone = "";
    for (const name of LOOK) if (target.namespaceURI === SVG) target.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "tabindex", "role"]) target.removeAttribute(name);
    for (const { name, value } of [...target.attributes]) {
      if (name.startsWith("data-") && name !== "data-gone") target.removeAttribute(name);
      else if (clean(value) !== value) target.setAttribute(name, clean(value));
    }
  });
  for (const gone of copy.querySelectorAll("[data-gone]")) gone.remove();
  const texts = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = clean(texts.currentNode.data);
  return copy;
};

const words = (x, y, text, look) =>
  svg("text", { x, y, "font-family": "system-ui, sans-serif", "font-size": 12, ...look }, clean(text));

// parts: {svg, y, x, width, height} side by side or below one another; legend: [{mark, text}].
const composed = (title, width, parts, legend = []) => {
  const style = getComputedStyle(document.body);
  const [ink, ground] = [style.color, style.backgroundColor];
  const top = 28;
  const under = top + Math.max(...parts.map(({ y, height }) => y + height)) + 8;
  const columns = Math.max(1, Math.floor(width / 220));
  const height = under + LEGEND * Math.ceil(legend.length / columns) + 8;
  return svg(
    "svg",
    { xmlns: SVG, viewBox: `0 0 ${width} ${height}`, width, height },
    svg("rect", { width: "100%", height: "100%", fill: ground }),
    words(8, 18, title, { fill: ink, "font-weight": 600 }),
    parts.map(({ node, text, x = 0, y, width: wide, height: high }) => {
      if (!node) return words(x, top + y, text, { fill: ink });
      const copy = copied(node);
      for (const [name, value] of Object.entries({ x, y: top + y, width: wide, height: high, overflow: "visible" }))
        copy.setAttribute(name, value);
      return copy;
    }),
    legend.map(({ mark, text }, i) => {
      const [x, y] = [8 + (i % columns) * (width / columns), under + LEGEND * Math.floor(i / columns)];
      const copy = copied(mark);
      for (const [name, value] of Object.entries({ x, y, width: 12, height: 12 })) copy.setAttribute(name, value);
      return [copy, words(x + 18, y + 11, text, { fill: ink })];
    }),
  );
};

const svgText = (picture) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(picture)}\n`;

const DOTS = 3; // pixels of a PNG in one of the page
const savePng = async (name, picture) => {
  const address = URL.createObjectURL(new Blob([svgText(picture)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = address;
  await image.decode();
  const [width, height] = ["width", "height"].map((side) => DOTS * Number(picture.getAttribute(side)));
  const canvas = el("canvas", { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  URL.revokeObjectURL(address);
  canvas.toBlob((blob) => save(name, "image/png", [blob]), "image/png");
};

// Of a drawing of charts.js, with the marks that stand in a legend on the page.
const drawnPicture = (place, title, legend) => () => {
  const picture = place.querySelector("svg");
  const [, , width, height] = picture.getAttribute("viewBox").split(" ").map(Number);
  return composed(title, width, [{ node: picture, y: 0, width, height }], legend);
};

// A heading with the menu of its chart beside it. legend: [{mark, text}]; rows(): the lines of the CSV behind it.
const headed = (heading, menu) => el("div", { class: "headed" }, heading, menu);
const chartMenu = (label, key, place, title, legend, rows) =>
  saveChart(label, key, { name: () => fileName(title), picture: drawnPicture(place, title, legend), rows });
const legendOf = (state, lines, text) => lines.map((one) => ({ mark: mark(state, one.name), text: text(one) }));
