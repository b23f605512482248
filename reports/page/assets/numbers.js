// Text files of numbers, one row per frame, read as rgbtbench/files/rows.py reads them: nothing is skipped or guessed.

const GIVEN = /^1(\.0*)?[ \t]*\r?\n/; // VOT's code in row 1: the box was given, so the first frame has no row
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:nan|inf|infinity))$/i;

const textOf = (bytes) => {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  return new TextDecoder("latin1").decode(start ? bytes.subarray(start) : bytes);
};

const numberOf = (field) => {
  const value = Number(field);
  if (!Number.isNaN(value)) return value;
  const sign = field[0] === "-" ? -1 : 1;
  return /inf/i.test(field) ? sign * Infinity : NaN;
};

// What could be read as other numbers than were meant, and its place.
const ambiguity = (text) => {
  const odd = /[^ -~\t\n]/.exec(text);
  if (odd) return [/[\0\x7f-\uffff]/.test(text) ? "not a text file of numbers" : "control code", odd.index];
  const comma = text.includes(",") ? "," : ";";
  if (!text.includes(comma)) return null;
  if (comma === "," && text.includes(";")) return ["both commas and semicolons (decimal commas?)", text.indexOf(";")];
  if (/[ \t]/.test(text)) {
    const mixed = /(?:[\d.]|nan|inf)[ \t]+(?:[-+.\d]|nan|inf)/i.exec(text);
    if (mixed)
      return [
        `numbers separated by blanks beside '${comma}' (decimal commas?)`,
        Math.max(mixed.index, text.indexOf(comma)),
      ];
    const gap = /[,;][ \t]+[,;]|\n[ \t]+[,;]/.exec(text);
    if (gap) return ["empty field", gap.index + 1];
  }
  if (text.startsWith(comma)) return ["empty field", 0];
  const gaps = [text.indexOf(comma + comma), text.indexOf(`\n${comma}`)].filter((at) => at >= 0);
  return gaps.length ? ["empty field", Math.min(...gaps) + 1] : null;
};

const LOOK = "look at that line: a row is x,y,w,h or four corners, and there is one a frame";
const shortened = (line) => `'${line.length > 60 ? `${line.slice(0, 57)}...` : line}'`;

// {count, columns, values}: rows of 4 or 8 numbers each. Throws a Refusal with file and line.
const parseRows = (bytes, where, limits, columns = [4, 8]) => {
  const refuse = (what, line, expected, found) =>
    new Refusal(what, { where: line ? `${where}:${line}` : where, expected, found, next: LOOK });
  const text = textOf(bytes)
    .replace(/\r\n?/g, "\n")
    .replace(/[ \t\n\v\f]+$/, "");
  if (!text) throw refuse("empty file", 0, "one row per frame", `${bytes.length} bytes, no numbers`);
  if (text.length > limits.large) {
    const lines = text.split("\n");
    if (lines.length > limits.rows || lines.some((line) => line.length > limits.line))
      throw refuse(
        "file too large for a list of boxes",
        0,
        `at most ${limits.rows.toLocaleString("en")} rows of ${limits.line.toLocaleString("en")} bytes`,
        `${lines.length.toLocaleString("en")} rows`,
      );
  }
  const fault = ambiguity(text);
  if (fault) {
    const before = text.slice(0, fault[1]).split("\n");
    const line = (before.at(-1) + text.slice(fault[1], fault[1] + 60).split("\n")[0]).slice(0, 60);
    throw refuse(fault[0], before.length, "numbers with decimal points, separated in one way", `'${line}'`);
  }
  const lines = text.replace(/[,;\t]/g, " ").split("\n");
  const allowed = columns.join(" or ");
  let width = 0;
  let values = null;
  lines.forEach((line, at) => {
    const fields = line.split(" ").filter(Boolean);
    if (!fields.length) throw refuse("blank line between rows", at + 1, `${allowed} numbers`, "nothing");
    if (!fields.every((field) => NUMBER.test(field)))
      throw refuse("not a number", at + 1, `${allowed} numbers`, shortened(line));
    if (!columns.includes(fields.length))
      throw refuse("wrong number of columns", at + 1, allowed, `${fields.length} in ${shortened(line)}`);
    width ||= fields.length;
    values ||= new Float64Array(width * lines.length);
    if (fields.length !== width)
      throw refuse("rows of different length", at + 1, `${width}, as in line 1`, shortened(line));
    for (let c = 0; c < width; c++) values[at * width + c] = numberOf(fields[c]);
  });
  return { count: lines.length, columns: width, values };
};

const latin = (bytes) => textOf(bytes.subarray(0, 4096));

// Whether row 1 is VOT's code for the given box; and the bytes without it.
const withoutCode = (bytes) => {
  const code = GIVEN.exec(String.fromCharCode(...bytes.subarray(0, 64)));
  return code ? { given: true, rest: bytes.subarray(code[0].length) } : { given: false, rest: bytes };
};

// Whether a file may hold boxes, right or not: files of times and of scores have such names, too.
const hasBoxes = (bytes) => {
  const line = latin(withoutCode(bytes).rest).trim().split("\n")[0].trim();
  return line.split(/[,;\s]+/).length > 2;
};
