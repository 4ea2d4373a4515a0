import { crc32 } from "unravel-cnn";

/*
 * A program that is exported may be changed by hand, and then no later export may replace it. So its last line has a checksum of
 * all lines above.
 */

const STAMP = "Written by unravel, which replaces this file while nothing above is changed: ";

/** As much as is looked at of a file that is there already (`ExportFormat.isOurs`). */
const HEAD = 65_536;

/**
 * The text with a last line that tells whether it has been changed.
 * @param comment what a comment of one line begins and ends with
 */
export function stamped(text: string, [begin, end]: readonly [string, string]): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const last = new TextEncoder().encode(`${begin}${STAMP}${hex(crc32(bytes))}${end}\n`);
  const whole = new Uint8Array(bytes.length + last.length);
  whole.set(bytes);
  whole.set(last, bytes.length);
  return whole;
}

/**
 * Whether a file is a stamped one that nobody has changed; of a file that is longer than its head this can't be told, so no.
 * @param head its first bytes, a character for each
 */
export function isUnchanged(head: string, [begin, end]: readonly [string, string]): boolean {
  const start = head.lastIndexOf(`${begin}${STAMP}`);
  if (start < 0 || head.length >= HEAD) return false;
  const above = Uint8Array.from(head.slice(0, start), (character) => character.charCodeAt(0));
  return head.slice(start) === `${begin}${STAMP}${hex(crc32(above))}${end}\n`;
}

const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
