import { InputError, show } from "../errors.js";
import { crc32 } from "./crc32.js";
import type { Fail } from "./fail.js";
import { inflate, inflateHead, LARGEST_RATIO } from "./inflate.js";

/*
 * A zip file: each member is a local header with its data behind it; then comes the directory, which says again what
 * each member is and where it begins; then a record that says where the directory is. Sizes above 4 GiB stand in an extra
 * field ("zip64"), which NumPy also writes where there is no need.
 */

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;

const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR64_BYTES = 20;

const ZIP64_FIELD = 1;
const STORED = 0;
const DEFLATED = 8;
/** Flags of a member. */
const ENCRYPTED = 1;
const UTF8 = 0x800;
/** 1 January 1980, where the format's time begins: the same arrays give the same file. */
const FIRST_DATE = 0x21;

/** What all members together may unpack to: so much in any case, and more only if the file itself is large. */
const UNPACKED_ANYWAY = 2 ** 28;
const UNPACKED_PER_BYTE = 4;
const MOST_UNPACKED = 2 ** 30;

/** A member of a file that is written. */
export interface ZipMember {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A member of a file that is read. Nothing is unpacked before it is asked for. */
export interface PackedMember {
  readonly name: string;
  /** How many bytes it has, as the directory says. */
  readonly size: number;
  /** Its first bytes, at most `count`; the checksum is not looked at. */
  head(count: number): Uint8Array;
  /** All of it, checked. Of a stored member it is the file's own memory. */
  bytes(): Uint8Array;
}

/** A member as the directory describes it. */
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/**
 * The members whose names `wanted` accepts.
 * @param fail is called with what is wrong, and at which member and byte
 */
export function parseZip(bytes: Uint8Array, wanted: (name: string) => boolean, fail: Fail): PackedMember[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(view, fail);
  const entries = readDirectory(view, directory, fail).filter(({ name }) => wanted(name));
  const names = new Set<string>();
  let total = 0;
  for (const { name, size } of entries) {
    if (names.has(name)) fail(`it has the member ${show(name)} twice`);
    names.add(name);
    total += size;
  }
  const limit = Math.min(MOST_UNPACKED, Math.max(UNPACKED_ANYWAY, UNPACKED_PER_BYTE * bytes.length));
  if (total > limit)
    fail(
      `its members would unpack to ${total} bytes, more than the limit of ${limit} for a file of ${bytes.length}; save less, or with np.savez, which doesn't pack`,
    );
  const places = entries.map((entry) => locate(view, entry, directory.offset, fail));
  checkOverlap(entries, places, fail);
  return entries.map((entry, k) => {
    const { name, size, method } = entry;
    const packed = bytes.subarray(places[k].begin, places[k].end);
    const wrong = (problem: string) => fail(`its member ${show(name)}: ${problem}`);
    return {
      name,
      size,
      head: (count) =>
        method === STORED ? packed.subarray(0, count) : inflateHead(packed, Math.min(count, size), wrong),
      bytes: () => unpack(entry, packed, wrong),
    };
  });
}

interface Directory {
  readonly offset: number;
  readonly size: number;
  readonly count: number;
}

function findDirectory(view: DataView, fail: Fail): Directory {
  const end = findEnd(view, fail);
  let directory: Directory = {
    count: view.getUint16(end + 10, true),
    size: view.getUint32(end + 12, true),
    offset: view.getUint32(end + 16, true),
  };
  const locator = end - LOCATOR64_BYTES;
  if (locator >= 0 && view.getUint32(locator, true) === LOCATOR64) {
    const at = wide(view, locator + 8);
    if (at + END64_BYTES > locator || view.getUint32(at, true) !== END64) {
      return fail(
        `byte ${locator} announces the end of a zip64 directory at byte ${at}, but it is not there`,
      );
    }
    directory = { count: wide(view, at + 32), size: wide(view, at + 40), offset: wide(view, at + 48) };
  }
  if (directory.offset + directory.size > end) {
    return fail(
      `byte ${end} announces a directory of ${directory.size} bytes at byte ${directory.offset}, but it would not end there`,
    );
  }
  return directory;
}

/** The last record stands at the end, before a comment whose length it gives. */
function findEnd(view: DataView, fail: Fail): number {
  const first = Math.max(0, view.byteLength - END_BYTES - 0xffff);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    const found = view.getUint32(at, true) === END;
    if (found && at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  return fail(`it has ${view.byteLength} bytes, but none of them begin the record that ends a zip file`);
}

function readDirectory(view: DataView, { offset, size, count }: Directory, fail: Fail): Entry[] {
  const entries: Entry[] = [];
  let at = offset;
  const end = offset + size;
  for (let k = 0; k < count; k++) {
    if (at + CENTRAL_BYTES > end || view.getUint32(at, true) !== CENTRAL)
      return fail(`at byte ${at} its directory should have entry ${k + 1} of ${count}, but has not`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + CENTRAL_BYTES + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > end) return fail(`entry ${k + 1} of its directory, at byte ${at}, reaches beyond its end`);
    const name = textAt(view, at + CENTRAL_BYTES, nameLength);
    if (view.getUint16(at + 8, true) & ENCRYPTED)
      return fail(`its member ${show(name)} is encrypted; save it without a password`);
    const extra = at + CENTRAL_BYTES + nameLength;
    entries.push({
      name,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      ...sizesOf(view, at, extra, extraLength, (problem) => fail(`its member ${show(name)}: ${problem}`)),
    });
    at = next;
  }
  return entries;
}

/** What doesn't fit into 32 bits stands in the extra field, in this order. */
function sizesOf(view: DataView, at: number, extra: number, extraLength: number, fail: Fail) {
  const fields = { size: at + 24, packedSize: at + 20, offset: at + 42 };
  const end = extra + extraLength;
  let wideAt = end;
  let wideEnd = end;
  for (let field = extra; field + 4 <= end; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== ZIP64_FIELD) continue;
    wideAt = field + 4;
    wideEnd = Math.min(end, wideAt + view.getUint16(field + 2, true));
    break;
  }
  const read = (place: number): number => {
    const narrow = view.getUint32(place, true);
    if (narrow !== 0xffffffff) return narrow;
    if (wideAt + 8 > wideEnd) return fail(`the directory doesn't give its true sizes at byte ${extra}`);
    wideAt += 8;
    return wide(view, wideAt - 8);
  };
  return { size: read(fields.size), packedSize: read(fields.packedSize), offset: read(fields.offset) };
}

/** Where a member's packed bytes lie. */
interface Place {
  readonly begin: number;
  readonly end: number;
}

function locate(view: DataView, entry: Entry, limit: number, fail: Fail): Place {
  const { name, offset, packedSize, size, method } = entry;
  const which = `its member ${show(name)}`;
  if (offset + LOCAL_BYTES > limit || view.getUint32(offset, true) !== LOCAL)
    return fail(`${which} should begin at byte ${offset}, but does not`);
  const begin = offset + LOCAL_BYTES + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
  const end = begin + packedSize;
  if (end > limit)
    return fail(
      `${which} should have ${packedSize} bytes from byte ${begin} on, but the directory begins at ${limit}`,
    );
  if (method !== STORED && method !== DEFLATED)
    return fail(`${which} is packed with method ${method}; save it with np.savez or np.savez_compressed`);
  if (method === STORED ? size !== packedSize : size > LARGEST_RATIO * packedSize)
    return fail(`${which} can't unpack from ${packedSize} bytes to the ${size} that the directory gives`);
  return { begin, end };
}

/** Members that share bytes could unpack to far more than the file has. */
function checkOverlap(entries: readonly Entry[], places: readonly Place[], fail: Fail): void {
  const inOrder = [...entries.keys()].sort((a, b) => entries[a].offset - entries[b].offset);
  for (let k = 1; k < inOrder.length; k++) {
    const { name, offset } = entries[inOrder[k]];
    if (offset < places[inOrder[k - 1]].end)
      fail(`its member ${show(name)}, at byte ${offset}, lies on another one`);
  }
}

function unpack({ method, size, crc }: Entry, packed: Uint8Array, fail: Fail): Uint8Array {
  const bytes = method === STORED ? packed : inflate(packed, size, fail);
  const found = crc32(bytes);
  if (found !== crc) fail(`its checksum is ${hex(found)}, but the directory says ${hex(crc)}`);
  return bytes;
}

/**
 * A zip file with all members stored as they are. They must be below 4 GiB together.
 * @param comment stands at the file's end
 */
export function formatZip(members: readonly ZipMember[], comment = ""): Uint8Array {
  const encoder = new TextEncoder();
  const parts = members.map(({ name, bytes }) => ({
    name: encoder.encode(name),
    bytes,
    crc: crc32(bytes),
  }));
  const sizeOfNames = parts.reduce((sum, { name }) => sum + name.length, 0);
  const sizeOfData = parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const end = encoder.encode(comment);
  const headers = parts.length * (LOCAL_BYTES + CENTRAL_BYTES) + END_BYTES + end.length;
  const total = sizeOfData + 2 * sizeOfNames + headers;
  if (total > 0xffffffff || parts.length > 0xffff) {
    throw new InputError(
      `${parts.length} arrays of ${sizeOfData} bytes are too much for one file; save fewer.`,
    );
  }
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  let at = 0;
  const put = (bytes: Uint8Array) => {
    file.set(bytes, at);
    at += bytes.length;
  };
  /** What a local header and an entry of the directory have in common. */
  const describe = ({ name, bytes, crc }: (typeof parts)[number]) => {
    view.setUint16(at, 20, true); // version 2.0 is needed to read it
    view.setUint16(at + 2, UTF8, true);
    view.setUint16(at + 4, STORED, true);
    view.setUint16(at + 6, 0, true); // time
    view.setUint16(at + 8, FIRST_DATE, true);
    view.setUint32(at + 10, crc, true);
    view.setUint32(at + 14, bytes.length, true);
    view.setUint32(at + 18, bytes.length, true);
    view.setUint16(at + 22, name.length, true);
  };
  const offsets = parts.map((part) => {
    const offset = at;
    view.setUint32(at, LOCAL, true);
    at += 4;
    describe(part);
    at = offset + LOCAL_BYTES;
    put(part.name);
    put(part.bytes);
    return offset;
  });
  const directory = at;
  for (const [k, part] of parts.entries()) {
    const entry = at;
    view.setUint32(at, CENTRAL, true);
    view.setUint16(at + 4, 20, true);
    at += 6;
    describe(part);
    view.setUint32(entry + 42, offsets[k], true);
    at = entry + CENTRAL_BYTES;
    put(part.name);
  }
  view.setUint32(at, END, true);
  view.setUint16(at + 8, parts.length, true);
  view.setUint16(at + 10, parts.length, true);
  view.setUint32(at + 12, at - directory, true);
  view.setUint32(at + 16, directory, true);
  view.setUint16(at + 20, end.length, true);
  at += END_BYTES;
  put(end);
  return file;
}

function wide(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true)); // beyond 2^53 inexact, and beyond every file anyway
}

function textAt(view: DataView, at: number, length: number): string {
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
