// Zips of strangers, read as rgbtbench/files/packed.py reads them: names and sizes are judged before anything is
// unpacked. Whatever is odd is refused; the limits are those of the command line and come with the page's data.

// Why something is not scored: what is wrong, where, what was expected, what was found, and what to do.
class Refusal extends Error {
  constructor(what, facts = {}) {
    super(what);
    this.facts = facts;
  }
}

const TOGETHER = 64; // files unpacked at a time
const UNPACK = "if it is genuine, unpack it and drop the folder";
const damaged = (where, found) =>
  new Refusal("not a zip, or damaged", { where, expected: "a zip that Python's zipfile reads", found, next: UNPACK });

// Upper half of the code page in which old packers write names.
const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
  "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});
const crcOf = (bytes) => {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = CRC[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
};

const endingOf = (path) => {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/^\.+/, "");
  const at = name.lastIndexOf(".");
  return at > 0 ? name.slice(at).toLowerCase() : "";
};

// Decides on each file, packed or not, before it is read; the clean path of one to be read, null for one to skip.
class Guard {
  constructor(place, rules) {
    Object.assign(this, { place, rules, total: 0, count: 0, seen: new Set() });
  }

  admit(name, size, { plain = true, folder = false } = {}) {
    const { file, total, count, name: letters, depth } = this.rules.limits;
    const where = `${this.place}:${JSON.stringify(name.slice(0, 200))}`;
    const path = name.replaceAll("\\", "/");
    const folders = path.split("/").length - 1;
    if (!path || path.length > letters || folders > depth)
      throw new Refusal("archive member with an odd name", {
        where,
        expected: `1 to ${letters} characters, at most ${depth} folders deep`,
        found: `${path.length} characters, ${folders} folders`,
        next: UNPACK,
      });
    const parts = path.split("/").filter((part) => part && part !== ".");
    if (path.startsWith("/") || parts.includes("..") || path.includes("\0") || path[1] === ":")
      throw new Refusal("archive member outside its folder", {
        where,
        expected: "relative names without '..'",
        found: path.slice(0, 60),
        next: "do not unpack it either; ask its author for another",
      });
    if (!plain)
      throw new Refusal("archive member is a link or device", {
        where,
        expected: "plain files and folders",
        next: UNPACK,
      });
    this.total += size;
    this.count += 1;
    const words = (number) => number.toLocaleString("en");
    if (this.total > total || this.count > count || size > file)
      throw new Refusal("too large for tracking results", {
        where,
        expected: `at most ${file >> 20} MiB a file, ${total >> 20} MiB, ${words(count)} files`,
        found: `${words(size)} bytes in this one, ${words(this.total)} so far, ${words(this.count)} files`,
        next: "drop the folder that holds the boxes alone",
      });
    if (folder || parts.some((part) => part.startsWith(".") || part === "__MACOSX")) return null;
    const clean = parts.join("/");
    if (![...this.rules.files, ...this.rules.beside].includes(endingOf(clean))) return null;
    if (this.seen.has(clean)) throw new Refusal("archive holds a file twice", { where, next: "remove one of them" });
    this.seen.add(clean);
    return clean;
  }
}

// Where the list of members is, by the record at the end of the file.
const endOf = (view, where) => {
  const last = Math.max(0, view.byteLength - 22 - 65535);
  for (let at = view.byteLength - 22; at >= last; at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue;
    const end = { at, size: view.getUint32(at + 12, true), offset: view.getUint32(at + 16, true) };
    if (view.getUint16(at + 4, true) !== view.getUint16(at + 6, true)) throw damaged(where, "one part of a split zip");
    if (at < 20 || view.getUint32(at - 20, true) !== 0x07064b50) return end;
    const record = at - 20 - 56; // of 64-bit sizes: it lies right before its locator, as zipfile has it
    if (record < 0 || view.getUint32(record, true) !== 0x06064b50 || view.getUint32(at - 4, true) > 1)
      throw damaged(where, "a damaged list of 64-bit sizes");
    return { at: record, size: long(view, record + 40), offset: long(view, record + 48) };
  }
  throw damaged(where, "no list of its files");
};

const long = (view, at) => Number(view.getBigUint64(at, true));

// Sizes and place of a member, where they do not fit 32 bits.
const widened = (view, at, end, sizes, where) => {
  while (at + 4 <= end) {
    const [kind, size] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (at + 4 + size > end) throw damaged(where, "a damaged extra field");
    if (kind === 1) {
      let from = at + 4;
      for (const name of ["size", "packed", "offset"])
        if (sizes[name] === 0xffffffff) {
          if (from + 8 > at + 4 + size) throw damaged(where, "a damaged extra field");
          sizes[name] = long(view, from);
          from += 8;
        }
    }
    at += 4 + size;
  }
  return sizes;
};

const members = (bytes, place, rules) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOf(view, place);
  if (end.size > rules.limits.directory) throw damaged(place, `a list of ${end.size.toLocaleString("en")} bytes`);
  const ahead = end.at - end.size - end.offset; // bytes before the zip
  let at = end.at - end.size;
  if (at < 0 || ahead < 0) throw damaged(place, "a list of files outside the file");
  const found = [];
  while (at < end.at) {
    if (at + 46 > end.at || view.getUint32(at, true) !== 0x02014b50) throw damaged(place, "a damaged list of files");
    const [name, extra, comment] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const raw = bytes.subarray(at + 46, at + 46 + name);
    const flags = view.getUint16(at + 8, true);
    const sizes = { size: view.getUint32(at + 24, true), packed: view.getUint32(at + 20, true) };
    found.push({
      raw,
      flags,
      name: nameOf(raw, flags & 0x800),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      mode: view.getUint32(at + 38, true) >>> 16,
      ...widened(
        view,
        at + 46 + name,
        at + 46 + name + extra,
        { ...sizes, offset: view.getUint32(at + 42, true) },
        place,
      ),
    });
    found.at(-1).offset += ahead;
    at += 46 + name + extra + comment;
  }
  return found;
};

const nameOf = (raw, utf8) =>
  utf8
    ? new TextDecoder().decode(raw)
    : Array.from(raw, (code) => (code < 128 ? String.fromCharCode(code) : CP437[code - 128])).join("");

// Never more than the size that the list tells.
const inflated = async (packed, size, where) => {
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  for (const step of [writer.write(packed), writer.close()]) step.catch(() => {}); // the reader says it
  const content = new Uint8Array(size);
  let filled = 0;
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      if (filled + value.length > size) throw damaged(where, `more than the ${size} bytes that its list tells`);
      content.set(value, filled);
      filled += value.length;
    }
  } catch (error) {
    throw error instanceof Refusal ? error : damaged(where, error.message);
  } finally {
    reader.cancel().catch(() => {});
  }
  return content.subarray(0, filled); // zipfile does not mind if it is less
};

const contentOf = async (bytes, member, where) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { offset: at, raw, packed } = member;
  if (at < 0 || at + 30 > bytes.length || view.getUint32(at, true) !== 0x04034b50)
    throw damaged(where, "no such place");
  const [name, extra] = [26, 28].map((field) => view.getUint16(at + field, true));
  const own = bytes.subarray(at + 30, at + 30 + name);
  if (own.length !== raw.length || own.some((code, i) => code !== raw[i]))
    throw damaged(where, "two names of one file");
  const start = at + 30 + name + extra;
  if (start + packed > bytes.length) throw damaged(where, "it ends early");
  if (member.flags & 0x41) throw damaged(where, "it is encrypted");
  if (![0, 8].includes(member.method)) throw damaged(where, "it is compressed by another method than deflate");
  const data = bytes.subarray(start, start + packed);
  const content = member.method ? await inflated(data, member.size, where) : data;
  if (crcOf(content) !== member.crc) throw damaged(where, "a wrong checksum");
  return content;
};

// path -> bytes of all files of the kinds that are read. pause() lets the page breathe.
const unzip = async (bytes, place, rules, pause) => {
  const guard = new Guard(place, rules);
  const admitted = members(bytes, place, rules).flatMap((member) => {
    const plain = [0, 0o100000, 0o040000].includes(member.mode & 0o170000);
    const path = guard.admit(member.name, member.size, { plain, folder: member.name.endsWith("/") });
    return path === null ? [] : [{ member, path }];
  });
  const files = new Map();
  for (let at = 0; at < admitted.length; at += TOGETHER) {
    const some = admitted.slice(at, at + TOGETHER);
    const contents = await Promise.all(some.map(({ member, path }) => contentOf(bytes, member, `${place}:${path}`)));
    some.forEach(({ path }, i) => files.set(path, contents[i]));
    await pause();
  }
  return files;
};
