// Which file belongs to which sequence, as rgbtbench/results/matching.py and discovery.py find out: by names alone.

const join = (folder, name) => (folder ? `${folder}/${name}` : name);
const beforeLast = (path, mark) => path.slice(0, Math.max(0, path.lastIndexOf(mark)));
const folded = (names) => new Map([...names].map((name) => [name.toLowerCase(), name]));

// Files of a folder by format, and files of one name in the folders of the sequences.
const shelvesOf = (paths, rules) => {
  const folders = new Map();
  for (const path of [...paths].sort()) {
    const folder = beforeLast(path, "/");
    if (folder.split("/").length > rules.limits.walk + 1) continue;
    if (!folders.has(folder)) folders.set(folder, []);
    folders.get(folder).push(path.slice(folder ? folder.length + 1 : 0));
  }
  const [shelves, byFolder, twins] = [[], new Map(), new Map()];
  const nearest = [...folders.keys()].sort((a, b) => a.split("/").length - b.split("/").length || (a < b ? -1 : 1));
  for (const folder of nearest) {
    const kinds = new Map();
    const files = folders.get(folder).map((file) => [endingOf(file), file]);
    files.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1));
    for (const [end, file] of files) {
      const name = file.slice(0, file.length - end.length);
      const kind = rules.texts.includes(end) ? rules.texts[0] : end;
      if (!rules.files.includes(end)) continue;
      if (["_confidence", ...rules.times].some((word) => name.toLowerCase().endsWith(word))) continue;
      if (!kinds.has(kind)) kinds.set(kind, new Map());
      const things = kinds.get(kind);
      if (!things.has(name)) things.set(name, join(folder, file));
      else if (endingOf(things.get(name)) === end)
        twins.set(things.get(name), join(folder, file)); // a.txt and a.TXT
      else if (end === rules.texts[0]) things.set(name, join(folder, file)); // plainer than a.csv
    }
    for (const [end, things] of kinds) {
      shelves.push({ pattern: join(folder, `*${end}`), kind: rules.files.indexOf(end), things });
      if (folder && things.size <= rules.limits.folder) fileByFolder(folder, end, things, byFolder, rules);
    }
  }
  return { shelves: [...shelves, ...byFolder.values()], twins };
};

const fileByFolder = (folder, end, things, found, rules) => {
  const outer = beforeLast(folder, "/");
  const own = folder.slice(outer ? outer.length + 1 : 0);
  for (const [name, path] of things) {
    const at = name.toLowerCase().indexOf(own.toLowerCase());
    if (at < 0 && rules.truths.some((word) => name.toLowerCase().startsWith(word))) continue;
    const starred = at < 0 ? name : `${name.slice(0, at)}*${name.slice(at + own.length)}`;
    const pattern = join(outer, `*/${starred}${end}`);
    if (!found.has(pattern)) found.set(pattern, { pattern, kind: rules.files.indexOf(end), things: new Map() });
    found.get(pattern).things.set(own, path);
  }
};

const starred = ({ shelf, before, after }) => shelf.pattern.replaceAll("*", `${before}*${after}`);

// The spellings around the names that name the most sequences, and their repeats.
const matchesOf = (shelf, names, rules) => {
  let [present, wanted] = [folded(shelf.things.keys()), folded(names)];
  if (present.size < shelf.things.size || wanted.size < new Set(names).size) {
    present = new Map([...shelf.things.keys()].map((name) => [name, name]));
    wanted = new Map(names.map((name) => [name, name]));
  }
  const match = (before, after) => {
    const found = new Map();
    let real = null;
    for (const [key, own] of wanted) {
      const thing = present.get(before + key + after);
      if (thing === undefined) continue;
      real ??= thing;
      found.set(own, shelf.things.get(thing));
    }
    const [start, end] =
      real === null ? [before, after] : [real.slice(0, before.length), real.slice(real.length - after.length)];
    const made = { shelf, before: start, after: end, found };
    return { ...made, pattern: starred(made) };
  };
  const plain = match("", "");
  if (plain.found.size === wanted.size) return [plain];
  const spellings = new Map();
  for (const key of wanted.keys())
    for (const name of present.keys()) {
      const at = name.indexOf(key);
      if (at < 0) continue;
      const spelling = JSON.stringify([name.slice(0, at), name.slice(at + key.length)]);
      spellings.set(spelling, (spellings.get(spelling) ?? 0) + 1);
    }
  const common = [...spellings].sort(([, a], [, b]) => b - a).slice(0, rules.limits.candidates);
  const found = common.map(([spelling]) => match(...JSON.parse(spelling)));
  const top = Math.max(0, ...found.map((m) => m.found.size));
  if (!top) return [];
  let best = found.filter((m) => m.found.size === top);
  if (plain.found.size === top || top === 1) {
    const length = (m) => m.before.length + m.after.length;
    best = [best.reduce((a, b) => (length(b) < length(a) || (length(b) === length(a) && b.before < a.before) ? b : a))];
  }
  const alone = new Set(best.filter((m) => !m.after).map((m) => m.before));
  best = best.filter((m) => !m.after || !alone.has(m.before));
  const repeats = found.filter((m) => !best.includes(m) && best.some((b) => isRepeat(m.pattern, b.pattern, rules)));
  return [...best, ...repeats];
};

const isRepeat = (one, other, rules) => {
  const [first, second] = [repeatNumber(one, other, rules), repeatNumber(other, one, rules)];
  return Boolean(first && second && first !== second);
};

// The number of a repeat where a pattern differs from another one; '' if that is not all that differs.
const repeatNumber = (pattern, other, rules) => {
  const parts = (text) => text.split(/[/:]/).map((part) => part.replace(/\.[a-z]{3,4}$/i, ""));
  const [own, others] = [parts(pattern), parts(other)];
  const differing = own.map((part, i) => [part, others[i]]).filter(([a, b]) => a !== b);
  if (own.length !== others.length || differing.length !== 1) return "";
  const numbered = new RegExp(`^(?:${rules.numbered})$`, "i");
  const [a, b] = differing[0].map((part) => numbered.exec(part)?.groups);
  return a && b && a.base === b.base ? a.number : "";
};

const placeOf = ({ pattern }) => beforeLast(pattern.split("*")[0], "/");
const slashes = (text) => text.split("/").length - 1;

// The best match or all its repeats, and others that are as good.
const choose = (candidates, rules) => {
  const order = (a, b) =>
    b.found.size - a.found.size ||
    slashes(a.pattern) - slashes(b.pattern) ||
    a.shelf.kind - b.shelf.kind ||
    (a.pattern < b.pattern ? -1 : a.pattern > b.pattern ? 1 : 0);
  const ranked = [...candidates].sort(order);
  if (!ranked.length) return { chosen: [], ties: [] };
  const best = ranked[0];
  let chosen = [best];
  const repeats = ranked.filter((m) => isRepeat(m.pattern, best.pattern, rules));
  if (repeats.length) {
    const numbers = [
      [Number(repeatNumber(best.pattern, repeats[0].pattern, rules)), best],
      ...repeats.map((m) => [Number(repeatNumber(m.pattern, best.pattern, rules)), m]),
    ];
    const numbered = new Map(numbers);
    const sorted = [...numbered.keys()].sort((a, b) => a - b);
    const counted = sorted.length === numbers.length && sorted[0] < 2 && sorted.every((n, i) => n === sorted[0] + i);
    const seeds = sorted.length === numbers.length && best.pattern.toLowerCase().includes("seed");
    if (counted || seeds) chosen = sorted.map((n) => numbered.get(n));
  }
  const inside = (m) => !placeOf(best) || placeOf(m) === placeOf(best) || placeOf(m).startsWith(`${placeOf(best)}/`);
  const givesWay = (m) =>
    (placeOf(m) === placeOf(best) && m.shelf.kind > best.shelf.kind) ||
    (inside(m) && slashes(m.pattern) > slashes(best.pattern));
  const ties = ranked.filter((m) => m.found.size === best.found.size && !chosen.includes(m) && !givesWay(m));
  return { chosen, ties };
};

// {found: sequence -> path, ignored, twins}. Throws a Refusal unless one set of text files names all sequences.
const matchFiles = async ({ place, paths, read, where }, names, rules) => {
  const { shelves, twins } = shelvesOf(paths, rules);
  const candidates = [];
  let most = 0;
  for (const shelf of [...shelves].sort((a, b) => b.things.size - a.things.size).slice(0, rules.limits.shelves)) {
    if (10 * shelf.things.size < most) break;
    const own = matchesOf(shelf, names, rules);
    most = Math.max(most, ...own.map((m) => m.found.size));
    candidates.push(...own);
  }
  const { chosen, ties } = choose(candidates, rules);
  const next = "the command line tells more: rgbtbench score BENCHMARK --results LABEL=PATH";
  const some = paths.slice(0, 3).join(", ") || "no files of such kinds";
  if (!chosen.length)
    throw new Refusal("no result files match the benchmark's sequences", {
      where: place,
      expected: `${names[0]}.txt or PREFIX${names[0]}.txt, ${names.length} sequences`,
      found: some,
      next,
    });
  const { found, shelf } = chosen[0];
  const lacking = names.filter((name) => !found.has(name));
  if (lacking.length)
    throw new Refusal(`no results for ${lacking.length} of ${names.length} sequences`, {
      where: place,
      expected: `files like ${[...found.values()][0]}`,
      found: `none for ${lacking.slice(0, 5).join(", ")}${lacking.length > 5 ? ", ..." : ""}`,
      next: "add them, or choose another benchmark; the command line also scores a part (--allow-missing)",
    });
  if (ties.length || chosen.length > 1)
    throw new Refusal(ties.length ? "two sets of results" : `${chosen.length} repeats of one tracker`, {
      where: place,
      expected: "one file per sequence",
      found: [chosen[0], ...(ties.length ? ties : chosen.slice(1))]
        .slice(0, 3)
        .map((m) => m.pattern)
        .join(" and "),
      next: "drop one of them alone; the command line scores repeats together",
    });
  const first = [...found.values()][0];
  if (shelf.kind > 0 || !hasBoxes(await read(first)))
    throw new Refusal("these files are read by the command line only", {
      where: where(first),
      expected: `text files with a row per frame (${rules.texts.join(" ")})`,
      found: first.slice(first.lastIndexOf("/") + 1),
      next,
    });
  for (const path of found.values())
    if (twins.has(path)) throw new Refusal("two files of one sequence", { where: where(path), found: twins.get(path) });
  return found;
};
