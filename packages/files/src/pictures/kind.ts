/*
 * What a file is, by its first bytes, as its name may be wrong.
 */

/** What can be read. */
export type KnownKind = "png" | "jpeg" | "webp" | "gif";

/** For messages. */
export const KNOWN_KINDS = "PNG, JPEG, WebP and GIF";

/** A kind that can be read, or what else it is, in words for a person. */
export type PictureKind = KnownKind | { readonly other: string };

const ascii = (text: string) => Array.from(text, (letter) => letter.charCodeAt(0));

/** Bytes at an offset that tell a kind of file. */
const signatures: readonly [what: string, bytes: readonly number[], offset?: number][] = [
  ["a TIFF picture", [0x49, 0x49, 0x2a, 0]],
  ["a TIFF picture", [0x4d, 0x4d, 0, 0x2a]],
  ["an AVIF picture", ascii("ftypavif"), 4],
  ["an AVIF picture", ascii("ftypavis"), 4],
  ["a HEIC picture", ascii("ftyphei"), 4],
  ["a HEIC picture", ascii("ftyphev"), 4],
  ["a HEIC picture", ascii("ftypmif1"), 4],
  ["a video", ascii("ftyp"), 4],
  ["a JPEG XL picture", [0xff, 0x0a]],
  ["a JPEG XL picture", [0, 0, 0, 0x0c, ...ascii("JXL ")]],
  ["a JPEG 2000 picture", [0, 0, 0, 0x0c, ...ascii("jP  ")]],
  ["a Windows icon", [0, 0, 1, 0]],
  ["a Photoshop picture", ascii("8BPS")],
  ["a PDF", ascii("%PDF")],
  ["gzip-compressed data", [0x1f, 0x8b]],
  ["a ZIP archive", ascii("PK\x03\x04")],
  ["an IDX file", [0, 0, 8]],
  ["a NumPy array", [0x93, ...ascii("NUMPY")]],
];

/** What kind of file it is, by its first bytes. */
export function kindOf(bytes: Uint8Array): PictureKind {
  const has = (expected: readonly number[], offset = 0) =>
    expected.every((byte, k) => bytes[offset + k] === byte);
  if (has([0x89, ...ascii("PNG\r\n\x1a\n")])) return "png";
  if (has([0xff, 0xd8, 0xff])) return "jpeg";
  if (has(ascii("RIFF")) && has(ascii("WEBP"), 8)) return "webp";
  if (has(ascii("GIF87a")) || has(ascii("GIF89a"))) return "gif";
  const known = signatures.find(([, expected, offset]) => has(expected, offset));
  if (known) return { other: known[0] };
  // Many files begin with these two letters, so the zeros in a bitmap's header are looked at, too.
  if (has(ascii("BM")) && has([0, 0, 0, 0], 6)) return { other: "a BMP picture" };
  // Cut or mangled in a text-mode transfer.
  if (has(ascii("PNG"), 1)) return { other: "a PNG whose first bytes are damaged" };
  if (has([0xff, 0xd8])) return { other: "a JPEG whose first bytes are damaged" };
  return { other: kindOfText(bytes.subarray(0, 4096)) };
}

function kindOfText(bytes: Uint8Array): string {
  // Text has no control characters but tab, line feed, form feed and carriage return.
  if (bytes.some((byte) => byte < 0x20 && ![9, 10, 12, 13].includes(byte))) return "no picture that is known";
  const text = new TextDecoder().decode(bytes);
  if (/<svg[\s>]/i.test(text)) return "an SVG drawing";
  if (/^\s*(<!doctype html|<html)/i.test(text)) return "a web page";
  return /^\s*\{/.test(text) ? "JSON text" : "text";
}
