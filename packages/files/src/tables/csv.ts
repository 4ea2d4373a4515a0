import { InputError } from "unravel-cnn";

/** A table's rows of texts. */
export type Rows = readonly (readonly string[])[];

/**
 * A text with commas, semicolons or tabs between its values, some of which may be in quotes (RFC 4180). Empty lines are left out,
 * and so is `sep=;`, which Excel has in the first one.
 * @throws InputError that begins with a small letter, if a quote is never closed
 */
export function parseCsv(file: string): Rows {
  const text = file.replace(/^"?sep=[,;\t]"?(\r\n?|\n)/i, "");
  const delimiter = delimiterOf(text);
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  const endRow = () => {
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
  };
  while (at < text.length) {
    let value = "";
    if (text[at] === '"') {
      for (at += 1; ; at += 1) {
        const quote = text.indexOf('"', at);
        if (quote < 0) throw new InputError(`the quote before row ${rows.length + 1} ends is never closed`);
        value += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        value += '"';
      }
    }
    let end = at;
    while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end += 1;
    row.push((value + text.slice(at, end)).trim());
    at = end;
    if (text[at] === delimiter) {
      at += 1;
      if (at === text.length) row.push("");
      continue;
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    endRow();
  }
  if (row.length > 0) endRow();
  return rows;
}

/** Whichever stands most often in the first line. */
function delimiterOf(text: string): string {
  const [line] = text.split(/[\r\n]/, 1);
  const counts = [",", ";", "\t"].map((one) => ({ one, count: line.split(one).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).one;
}

/** The text in a file's bytes: UTF-8, or UTF-16 where it begins so; what is neither is read as Windows' western letters. */
export function textOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
