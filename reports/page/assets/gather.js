// What is dropped or chosen, as files that are read when they are asked for: {place, paths, read, where}.

// One archive, or files with their paths below what was dropped: {place, paths, read, where}.
const sourceOf = async (given, rules, pause) => {
  const [only] = given;
  const magic = new Uint8Array(await only.file.slice(0, 8).arrayBuffer());
  const zipped = magic[0] === 80 && magic[1] === 75 && !(magic[2] === 7 && magic[3] === 8);
  if (given.length === 1 && !only.folder && (zipped || !rules.files.includes(endingOf(only.path)))) {
    const place = only.file.name;
    if (!zipped || only.file.size > rules.limits.total)
      throw new Refusal(zipped ? "too large for tracking results" : "not a zip", {
        where: place,
        expected: `a zip of at most ${rules.limits.total >> 20} MiB, a folder or text files`,
        found: `${only.file.size.toLocaleString("en")} bytes`,
        next: "unpack it and drop the folder; the command line reads .tar.gz and others, too",
      });
    const files = await unzip(new Uint8Array(await only.file.arrayBuffer()), place, rules, pause);
    return { place, paths: [...files.keys()], read: (path) => files.get(path), where: (path) => `${place}:${path}` };
  }
  const files = new Map();
  for (const { path, file } of given) {
    const parts = path.split("/");
    const hidden = parts.some((part) => part.startsWith(".")) || parts.length > rules.limits.walk + 2;
    if (!hidden && rules.files.includes(endingOf(path))) files.set(path, file);
  }
  const place = only.folder || (given.length === 1 ? only.path : `${given.length} files`);
  const where = (path) => (only.folder ? `${only.folder}/${path}` : path);
  const record = [...files.keys()].find((path) => path.endsWith("about-run.json"));
  if (record)
    throw new Refusal("a run of this program, not a folder of results", {
      where: where(record),
      expected: "a file of boxes for each sequence",
      next: "rgbtbench report tells what is in it",
    });
  const read = async (path) => {
    const file = files.get(path);
    if (file.size > rules.limits.file)
      throw new Refusal("file too large for a list of boxes", {
        where: where(path),
        expected: `at most ${rules.limits.file >> 20} MiB`,
        found: `${file.size.toLocaleString("en")} bytes`,
      });
    return new Uint8Array(await file.arrayBuffer());
  };
  return { place, paths: [...files.keys()], read, where };
};

// Files of a dropped folder, or of several things that were dropped together.
const filesOf = async (entry, path, found, limit) => {
  if (found.length > limit)
    throw new Refusal("too many files", { where: entry.fullPath, expected: `at most ${limit.toLocaleString("en")}` });
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ path, file });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const inner of some) await filesOf(inner, path ? `${path}/${inner.name}` : inner.name, found, limit);
  }
};

const fromTransfer = async ({ items, files }, limit) => {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...files].map((file) => ({ path: file.name, file }));
  const found = [];
  const single = entries.length === 1 && entries[0].isDirectory;
  for (const entry of entries) await filesOf(entry, single ? "" : entry.name, found, limit);
  return single ? found.map((one) => ({ ...one, folder: entries[0].name })) : found;
};

const fromInput = (files) =>
  [...files].map((file) => {
    const [folder, ...parts] = (file.webkitRelativePath || "").split("/");
    return parts.length ? { path: parts.join("/"), file, folder } : { path: file.name, file };
  });
