import { InputError } from "unravel-cnn";
import type { Labelled, Layout } from "../layout/folders.js";
import { baseName, isCalledPicture, listed } from "../layout/names.js";
import type { Rows } from "./csv.js";

/** What the columns of a table of labels are called. */
const FILE =
  /^(files?|file_?names?|paths?|file_?paths?|images?|image_?(names?|paths?|ids?|files?)|img|pictures?|ids?|names?)$/i;
const LABEL = /^(labels?|class(es)?|class_?names?|categor(y|ies)|targets?|species|breed|y|tags?)$/i;
const SET = /^(set|split|subset|usage|fold|partition|data_?set)$/i;

/** What a column of a class has in it: whether a picture shows it. */
const YES_OR_NO = /^((0|1)(\.0*)?|true|false)$/i;
const YES = /^(1|true)/i;

/** Between labels that a picture has at once. */
const BETWEEN_LABELS = /[|;]/;

/** Which column is which. */
interface Columns {
  readonly file: number;
  /** Where a picture's label is, or several labels at once; or a column for each class, of its name, with 1 or 0. */
  readonly label: number | readonly number[];
  /** Undefined where no column says which pictures are for testing. */
  readonly set: number | undefined;
  /** Whether the first row has the columns' names. */
  readonly named: boolean;
}

/** Which columns of a table are a picture's file and its labels; undefined if it is no such table. */
export function labelColumns(rows: Rows): Columns | undefined {
  if (rows.length === 0) return undefined;
  const [head] = rows;
  const file = head.findIndex((name) => FILE.test(name));
  const label = head.findIndex((name, k) => k !== file && LABEL.test(name));
  const set = head.findIndex((name) => SET.test(name));
  if (file >= 0 && label >= 0) return { file, label, set: set < 0 ? undefined : set, named: true };
  const classes = head.flatMap((name, k) => (name === "" || k === file || k === set ? [] : [k]));
  const isYesOrNo = (row: readonly string[]) => classes.every((k) => YES_OR_NO.test(row[k] ?? ""));
  if (file >= 0 && classes.length > 1 && rows.length > 1 && rows.slice(1).every(isYesOrNo)) {
    return { file, label: classes, set: set < 0 ? undefined : set, named: true };
  }
  // without names: two columns, one of which has names of pictures
  for (const named of [false, true]) {
    const row = rows[named ? 1 : 0];
    if (row?.length !== 2) continue;
    const place = row.findIndex((value) => isCalledPicture(value));
    if (place >= 0) return { file: place, label: 1 - place, set: undefined, named };
  }
  return undefined;
}

const SETS: readonly (readonly [RegExp, "train" | "test" | "val"])[] = [
  [/^train/i, "train"],
  [/^test/i, "test"],
  [/^(val|dev|eval)/i, "val"],
];

/**
 * The pictures of a table of files and labels. A cell with `|` or `;` between names gives a picture several labels at once; then an
 * empty one gives it none.
 * @param find where a file of the table lies; undefined if there is none
 * @throws InputError that begins with a small letter, if a row lacks something
 */
export function labelsLayout(
  rows: Rows,
  columns: Columns,
  find: (file: string) => string | undefined,
  given?: "train" | "test",
): Layout & { readonly missing: readonly string[] } {
  const body = rows.slice(columns.named ? 1 : 0);
  const labelsOf = (row: readonly string[]) => labelsIn(row, columns, rows[0]);
  const several =
    typeof columns.label === "number"
      ? body.some((row) => BETWEEN_LABELS.test(row[columns.label as number] ?? ""))
      : body.some((row) => labelsOf(row).length !== 1);
  const images: Labelled[] = [];
  const missing: string[] = [];
  const seen = new Map<string, readonly string[]>();
  const sets = new Set(body.map((row) => setOf(row, columns)));
  for (const [k, row] of body.entries()) {
    const file = row[columns.file] ?? "";
    const labels = labelsOf(row);
    const line = k + (columns.named ? 2 : 1);
    if (file === "" || (labels.length === 0 && !several)) {
      throw new InputError(
        `row ${line} has no ${file === "" ? "file" : "label"}; each row needs a file and its label`,
      );
    }
    const path = find(file);
    if (path === undefined) {
      missing.push(file);
      continue;
    }
    const before = seen.get(path);
    if (before !== undefined && !areSame(before, labels)) {
      throw new InputError(
        `row ${line} gives ${file} ${named(labels)}, but a row before it ${named(before)}; a picture stands in one row, with several labels at once as cat|dog`,
      );
    }
    if (before !== undefined) continue;
    seen.set(path, labels);
    const set = given ?? setOf(row, columns);
    if (set === "val" && sets.has("test")) continue;
    images.push({ path, labels, set: set === "val" ? "test" : set });
  }
  const skipped = sets.has("val") && sets.has("test");
  const remarks = [
    ...(skipped ? ["The rows of the validation set were left out: those for testing are measured"] : []),
    ...(several ? [severalRemark(images)] : []),
  ];
  const ofColumns = typeof columns.label === "number" ? [] : columns.label.map((k) => nameIn(rows[0][k]));
  const classes = [...new Set([...images.flatMap(({ labels }) => labels), ...ofColumns])];
  return { images, classes, several, remarks, missing };
}

const nameIn = (cell: string): string => cell.trim().normalize("NFC");

/** The labels of a row, each once. */
function labelsIn(row: readonly string[], { label }: Columns, head: readonly string[]): string[] {
  const cells =
    typeof label === "number"
      ? (row[label] ?? "").split(BETWEEN_LABELS)
      : label.flatMap((k) => (YES.test(row[k] ?? "") ? [head[k]] : []));
  return [...new Set(cells.map(nameIn).filter((name) => name !== ""))];
}

const areSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name) => b.includes(name));

/** `the label cat`, for messages */
function named(labels: readonly string[]): string {
  if (labels.length === 0) return "no label";
  return `the label${labels.length === 1 ? "" : "s"} ${labels.join(", ")}`;
}

function severalRemark(images: readonly Labelled[]): string {
  const count = images.filter(({ labels }) => labels.length > 1).length.toLocaleString("en-US");
  const none = images.filter(({ labels }) => labels.length === 0).length.toLocaleString("en-US");
  return `Pictures may show several classes at once: ${count} do, and ${none} show none`;
}

function setOf(row: readonly string[], { set }: Columns): "train" | "test" | "val" | undefined {
  if (set === undefined) return undefined;
  const value = row[set] ?? "";
  const known = SETS.find(([name]) => name.test(value));
  if (known === undefined) {
    throw new InputError(`a row is of the set ${JSON.stringify(value)}, but it must be train, test or val`);
  }
  return known[1];
}

/**
 * Finds files by what a table calls them: by their path beside the table, else by their name where only one file has it, with or
 * without its ending, and at last in small and large letters.
 */
export function fileFinder(paths: readonly string[], folder: string): (file: string) => string | undefined {
  const all = new Set(paths);
  const byName = new Map<string, string | null>();
  const byStem = new Map<string, string | null>();
  const byLetters = new Map<string, string | null>();
  const note = (name: string, path: string, map = byName) => map.set(name, map.has(name) ? null : path);
  const stemOf = (path: string) => path.replace(/\.[^./]*$/, "");
  for (const path of paths) {
    note(stemOf(path), path, byStem);
    const name = baseName(path).normalize("NFC");
    note(name, path);
    note(name.toLowerCase(), path, byLetters);
    if (stemOf(name) !== name) note(stemOf(name), path);
  }
  return (given) => {
    const file = given.replaceAll("\\", "/").replace(/^(\.\/)+/, "");
    for (const path of [`${folder}${file}`, file]) if (all.has(path)) return path;
    for (const path of [`${folder}${file}`, file]) {
      const found = byStem.get(path);
      if (found) return found;
    }
    const name = baseName(file).normalize("NFC");
    const found = byName.get(name);
    return (found === undefined ? byLetters.get(name.toLowerCase()) : found) ?? undefined;
  };
}

/** For messages: `photos/a.jpg, photos/b.jpg and 3 more` */
export const missingFiles = (missing: readonly string[]): string => listed(missing, 3);
