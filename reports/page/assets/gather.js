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

// Files below a folder, as {path, file}. A page from disk may read a folder in Chromium by its handle alone, in Firefox
// by its entry alone.
async function* insideHandle(folder, path) {
  for await (const [name, inner] of folder.entries())
    if (inner.kind === "file") yield { path: `${path}${name}`, file: await inner.getFile() };
    else yield* insideHandle(inner, `${path}${name}/`);
}

async function* insideEntry(folder, path) {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const inner of some)
      if (inner.isDirectory) yield* insideEntry(inner, `${path}${inner.name}/`);
      else yield { path: `${path}${inner.name}`, file: await new Promise((resolve, no) => inner.file(resolve, no)) };
  }
}

// What was dropped together; asked for at once, since it does not last.
const fromTransfer = async ({ items }, limit) => {
  const dropped = [...items]
    .filter(({ kind }) => kind === "file")
    .map((item) => ({
      entry: item.webkitGetAsEntry?.(),
      handle: item.getAsFileSystemHandle?.(),
      file: item.getAsFile(),
    }));
  const found = [];
  for (const { entry, handle, file } of dropped) {
    if (!entry?.isDirectory) {
      found.push({ path: file.name, file });
      continue;
    }
    const [folder, path] = dropped.length === 1 ? [entry.name, ""] : [undefined, `${entry.name}/`];
    for await (const one of handle ? insideHandle(await handle, path) : insideEntry(entry, path)) {
      found.push({ ...one, folder });
      if (found.length > limit)
        throw new Refusal("too many files", { where: entry.name, expected: `at most ${limit.toLocaleString("en")}` });
    }
  }
  return found;
};

const fromInput = (files) =>
  [...files].map((file) => {
    const [folder, ...parts] = (file.webkitRelativePath || "").split("/");
    return parts.length ? { path: parts.join("/"), file, folder } : { path: file.name, file };
  });
