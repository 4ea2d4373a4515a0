/*
 * A zip archive's directory, which stands at its end: what each member is called, how it is packed, and where it begins. Sizes above
 * 4 GiB stand in an extra field ("zip64"). (PKWARE, APPNOTE 6.3)
 */

import { LARGEST_PICTURE, TOO_LARGE } from "./largest.js";

/** What is wrong: a clause about an archive, or a sentence about a member. */
export class ZipError extends Error {}

export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
  readonly isEncrypted: boolean;
  readonly isLink: boolean;
}

const END = 0x06054b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65535;
const LOCATOR64 = 0x07064b50;
const LOCATOR64_BYTES = 20;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const CENTRAL = 0x02014b50;
const CENTRAL_BYTES = 46;
const ZIP64_FIELD = 1;
const ENCRYPTED = 1;
const UTF8 = 0x800;
/** The type of a file on Unix, in the upper half of its attributes. */
const TYPE_MASK = 0o170000;
const LINK = 0o120000;
/** More than any directory of pictures has. */
const LARGEST_DIRECTORY = 2 ** 30;

/** Gives the bytes at a place of a file, fewer where the file ends. */
type Read = (at: number, length: number) => Promise<Uint8Array>;

/**
 * @param read gives the bytes at a place
 * @param size of the file
 * @throws ZipError with a clause, if it is damaged or no zip archive
 */
export async function readDirectory(read: Read, size: number): Promise<ZipEntry[]> {
  const { offset, length, count } = await findDirectory(read, size);
  if (offset + length > size || length > LARGEST_DIRECTORY)
    throw new ZipError("it is damaged or cut short; get it again");
  const bytes = await read(offset, length);
  const view = viewOf(bytes);
  const entries: ZipEntry[] = [];
  for (let at = 0; entries.length < count; ) {
    if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      throw new ZipError("its directory is damaged; get it again");
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((k) => view.getUint16(at + k, true));
    const nameAt = at + CENTRAL_BYTES;
    const end = nameAt + nameLength + extraLength + commentLength;
    if (end > bytes.length) throw new ZipError("its directory is damaged; get it again");
    const flags = view.getUint16(at + 8, true);
    const extra = bytes.subarray(nameAt + nameLength, nameAt + nameLength + extraLength);
    const [unpacked, packedSize, start] = large(
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      extra,
    );
    entries.push({
      name: nameOf(bytes.subarray(nameAt, nameAt + nameLength), (flags & UTF8) !== 0),
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packedSize,
      size: unpacked,
      offset: start,
      isEncrypted: (flags & ENCRYPTED) !== 0,
      isLink: ((view.getUint32(at + 38, true) >>> 16) & TYPE_MASK) === LINK,
    });
    if (start + packedSize > size) throw new ZipError("it is damaged or cut short; get it again");
    at = end;
  }
  return entries;
}

async function findDirectory(read: Read, size: number) {
  const from = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
  const tail = await read(from, size - from);
  const view = viewOf(tail);
  let at = tail.length - END_BYTES;
  while (at >= 0 && view.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw new ZipError("it is cut short, or no zip archive; get it again");
  const end = {
    count: view.getUint16(at + 10, true),
    length: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  };
  const locator = at - LOCATOR64_BYTES;
  if (locator < 0 || view.getUint32(locator, true) !== LOCATOR64) return end;
  const end64 = await read(Number(view.getBigUint64(locator + 8, true)), END64_BYTES);
  const view64 = viewOf(end64);
  if (end64.length < END64_BYTES || view64.getUint32(0, true) !== END64) {
    throw new ZipError("its directory is damaged; get it again");
  }
  return {
    count: Number(view64.getBigUint64(32, true)),
    length: Number(view64.getBigUint64(40, true)),
    offset: Number(view64.getBigUint64(48, true)),
  };
}

/** Those of the numbers that don't fit into 4 bytes stand in an extra field, in their order. */
function large(numbers: number[], extra: Uint8Array): number[] {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== ZIP64_FIELD) continue;
    let place = at + 4;
    return numbers.map((number) => {
      if (number !== 0xffffffff || place + 8 > extra.length) return number;
      place += 8;
      return Number(view.getBigUint64(place - 8, true));
    });
  }
  return numbers;
}

/** Many programs write UTF-8 without saying so; older ones the letters of the first PC. */
function nameOf(bytes: Uint8Array, isUtf8: boolean): string {
  try {
    return new TextDecoder("utf-8", { fatal: !isUtf8 }).decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => (byte < 128 ? String.fromCharCode(byte) : CP437[byte - 128])).join("");
  }
}

const CP437 =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** How a member is unpacked here, and its checksum. */
export interface Unpacking {
  /** `size` bytes of raw deflate. Throws if they are damaged. */
  readonly inflate: (packed: Uint8Array, size: number) => Uint8Array | Promise<Uint8Array>;
  readonly crc32: (bytes: Uint8Array) => number;
}

/** Local header before a member's contents: its length, without name and extra field. */
const LOCAL_BYTES = 30;
const LOCAL = 0x04034b50;
const STORED = 0;
const DEFLATED = 8;

/** What is packed in a member. @throws ZipError with a sentence */
export async function readMember(read: Read, entry: ZipEntry, unpacking: Unpacking): Promise<Uint8Array> {
  if (Math.max(entry.size, entry.packedSize) > LARGEST_PICTURE) throw new ZipError(TOO_LARGE);
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw new ZipError(
      `It is packed in a way that isn't read (method ${entry.method}); pack the zip anew, with deflate.`,
    );
  }
  const header = await read(entry.offset, LOCAL_BYTES);
  const view = viewOf(header);
  if (header.length < LOCAL_BYTES || view.getUint32(0, true) !== LOCAL) {
    throw new ZipError("The zip is damaged where it should begin.");
  }
  const start = entry.offset + LOCAL_BYTES + view.getUint16(26, true) + view.getUint16(28, true);
  const packed = await read(start, entry.packedSize);
  if (packed.length < entry.packedSize) throw new ZipError("The zip is cut short in it.");
  const bytes = entry.method === DEFLATED ? await inflated(packed, entry.size, unpacking) : packed;
  if (bytes.length !== entry.size || unpacking.crc32(bytes) !== entry.crc) {
    throw new ZipError("What it is packed to is damaged: its checksum is wrong.");
  }
  return bytes;
}

async function inflated(packed: Uint8Array, size: number, { inflate }: Unpacking): Promise<Uint8Array> {
  try {
    return await inflate(packed, size);
  } catch {
    throw new ZipError("What it is packed to is damaged.");
  }
}
