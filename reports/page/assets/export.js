// What is seen as a file: a table as CSV, Markdown, LaTeX, its sources as BibTeX; a chart as SVG, PNG, and as the CSV
// behind it. Files are made here when they are asked for; nothing leaves the page.

// A table to write: {name, title, header, rows, note}; cells are text or null. A chart has rows, too: what it draws.
const GAP = "–";
const NUMERIC = /^([-+−–]?[\d,.]*([-–]\d+)?( ?\[.*\])?†?|ref\.)$/;
const numericOf = ({ header, rows }) => header.map((_, c) => rows.every((row) => NUMERIC.test(row[c] ?? GAP)));

// Whatever does not print as an escape, as the command line writes it.
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;
const NAMED = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
const escapeOf = (mark) => {
  const code = mark.codePointAt(0);
  const [letter, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
  return NAMED[mark] ?? `\\${letter}${code.toString(16).padStart(digits, "0")}`;
};
const visible = (value) => String(value ?? GAP).replace(HIDDEN, escapeOf);

const QUOTED = /[",\n\r]/;
const FORMULA = /^[=+\-@\t\r]/;
const csvCell = (value) => {
  const plain = value === null || value === undefined ? "" : String(value);
  const text = FORMULA.test(plain) && !/^-?[\d.]+$/.test(plain) ? `'${plain}` : plain; // no spreadsheet computes it
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
// What people read as what machines read: plain numbers, an interval in columns of its own, nothing for a gap.
const SPAN = /^(\S+) \[(\S+), (\S+)\]$/;
const plain = (text) => {
  const number = String(text ?? "").replace(/^[+−]|,(?=\d{3})/g, (mark) => (mark === "−" ? "-" : ""));
  return /^-?\d+(\.\d+)?$/.test(number) ? number : text === GAP ? "" : text;
};
const csvLines = ({ header, rows }) => {
  const spans = header.map((_, c) => rows.some((row) => SPAN.test(row[c] ?? "")));
  const cells = (text, c) => (spans[c] ? (SPAN.exec(text ?? "")?.slice(1) ?? [text, "", ""]) : [text]).map(plain);
  return [
    header.flatMap((title, c) => (spans[c] ? [title, `${title} low`, `${title} high`] : [title])),
    ...rows.map((row) => row.flatMap(cells)),
  ];
};
const csvText = (lines) => `${lines.map((line) => line.map(csvCell).join(",")).join("\n")}\n`;

const markdownText = (table) => {
  const cell = (value) => visible(value).replace(/[\\`*_|<>[\]&$~]/g, "\\$&");
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = numericOf(table).map((right) => (right ? "---:" : "---"));
  const lines = [table.header.map(cell), rule, ...table.rows.map((row) => row.map(cell))].map(line);
  return [`**${cell(table.title)}**`, "", ...lines, ...(table.note ? ["", cell(table.note)] : []), ""].join("\n");
};

// A booktabs table: over both columns of a paper where it is wide. Marks are written as the command line writes them.
const WIDE = 55; // characters of a line
const SIZES = [
  [95, "\\scriptsize\\setlength{\\tabcolsep}{2.5pt}"],
  [75, "\\footnotesize\\setlength{\\tabcolsep}{4pt}"],
];
const latexText = (state, table) => {
  const { marks, letters } = state.data.latex;
  const set = (value) =>
    [...visible(value)]
      .map((mark, i, all) => {
        if (mark === "-" && all[i + 1] === "-") return "-{}"; // two would join to a dash
        if (mark in marks) return marks[mark];
        if (mark.codePointAt(0) < 128 || letters.includes(mark)) return mark;
        return `[U+${mark.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`;
      })
      .join("");
  const line = (cells) => {
    const joined = cells.map(set).join(" & ");
    const guard = /^[\x5b*]/.test(joined) ? "{}" : ""; // the line break before would take it for its option
    return `    ${guard}${joined} \\\\`;
  };
  const width = table.header.reduce(
    (sum, title, c) => sum + 2 + Math.max(title.length, ...table.rows.map((row) => visible(row[c]).length)),
    0,
  );
  const size = SIZES.find(([least]) => width > least)?.[1] ?? "";
  const place = width > WIDE ? "table*" : "table";
  return [
    `\\begin{${place}}`,
    `  \\centering${size}`,
    `  \\caption{${set(table.title)}}`,
    `  \\begin{tabular}{${numericOf(table)
      .map((right) => (right ? "r" : "l"))
      .join("")}}`,
    "    \\toprule",
    line(table.header),
    "    \\midrule",
    ...table.rows.map(line),
    "    \\bottomrule",
    "  \\end{tabular}",
    ...(table.note ? [`  \\par\\smallskip{\\footnotesize ${set(table.note)}}`] : []),
    `\\end{${place}}`,
    "",
  ].join("\n");
};

// Of the trackers in the table that are in print; made by reports/page/prints.py.
const bibtexText = (state, names) => {
  const { head, entries } = state.data.bibtex;
  return (
    head +
    names
      .map((name) => entries[name] ?? "")
      .sort()
      .join("")
  ); // by key
};

const save = (name, type, parts) => {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = el("a", { href: address, download: name });
  document.body.append(link); // some browsers follow no link outside
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
};

// What a file is of: the benchmark, and its attribute if one is chosen.
const subject = ({ shown, attribute }) => shown.title + (attribute ? `, ${shown.attributes[attribute].name}` : "");

// A file's name: letters, digits, and dashes between them.
const fileName = (...parts) =>
  parts
    .filter(Boolean)
    .join(" ")
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 80) || "page";

// A menu of files: what a row is called, and what makes it. It closes after a choice, by Escape, and when it is left.
const saveMenu = (label, key, kinds) => {
  const menu = el(
    "details",
    {
      class: "save",
      onkeydown: (event) => {
        if (event.key !== "Escape") return;
        menu.open = false;
        menu.firstChild.focus();
      },
      onfocusout: (event) => {
        if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
      },
    },
    el("summary", { "data-key": `save ${key}`, "aria-label": `Save ${label}` }, "Save"),
    el(
      "div",
      { role: "group", "aria-label": `Save ${label}` },
      Object.entries(kinds).map(([kind, make]) =>
        el(
          "button",
          {
            type: "button",
            "data-key": `save ${key} ${kind}`,
            "aria-label": `Save ${label} as ${kind}`,
            onclick: () => {
              make();
              menu.open = false;
              menu.firstChild.focus();
            },
          },
          kind,
        ),
      ),
    ),
  );
  return menu;
};

// shown() answers the table; its csv, if it has one, are lines of more digits than people read.
const saveTable = (state, label, key, shown, cited) => {
  const make = () => {
    state.hurry(); // all rows
    return shown();
  };
  return saveMenu(label, key, {
    CSV: () => {
      const table = make();
      save(`${table.name}.csv`, "text/csv", [csvText(table.csv ?? csvLines(table))]);
    },
    Markdown: () => {
      const table = make();
      save(`${table.name}.md`, "text/markdown", [markdownText(table)]);
    },
    LaTeX: () => {
      const table = make();
      save(`${table.name}.tex`, "text/x-tex", [latexText(state, table)]);
    },
    ...(cited && {
      BibTeX: () => save(`${make().name}.bib`, "text/x-bibtex", [bibtexText(state, cited())]),
    }),
  });
};

const saveChart = (label, key, { name, picture, rows }) =>
  saveMenu(label, key, {
    SVG: () => save(`${name()}.svg`, "image/svg+xml", [svgText(picture())]),
    PNG: () => savePng(`${name()}.png`, picture()),
    ...(rows && { CSV: () => save(`${name()}.csv`, "text/csv", [csvText(rows())]) }),
  });

// The cells of a table that is on the page, in its order; what is hidden or drawn in them is left out.
const OMITTED = ".hidden, .narrow, .flag, .arrow, svg, input";
const cellText = (cell) => {
  if (cell.dataset.text !== undefined) return cell.dataset.text;
  const copy = cell.cloneNode(true);
  for (const node of copy.querySelectorAll(OMITTED)) node.remove();
  const parts = [...copy.childNodes].map((node) => node.textContent.trim());
  return parts.filter(Boolean).join(" ") || null;
};
const tableOf = (node) => {
  const heads = [...node.tHead.rows[node.tHead.rows.length - 1].cells];
  const kept = heads.map((_, c) => c).filter((c) => !heads[c].matches(".choose, .span"));
  const rows = [...node.tBodies[0].rows].filter((row) => row.cells.length === heads.length);
  return {
    header: kept.map((c) => cellText(heads[c]) ?? ""),
    rows: rows.map((row) => kept.map((c) => cellText(row.cells[c]))),
  };
};
