import { InputError } from "unravel-cnn";
import { foldersLayout, type Layout } from "../layout/folders.js";
import { baseName, isCalledPicture, isTable, listed, mayBePicture, were } from "../layout/names.js";
import { parseCsv, type Rows, textOf } from "../tables/csv.js";
import { fileFinder, labelColumns, labelsLayout } from "../tables/labels.js";
import type { FileContent, FileSource } from "./source.js";

/** Where the pictures of a data set are, and what they show. */
export interface Found {
  readonly source: FileSource;
  readonly layout: Layout;
  /** Files that a table names and that aren't there. */
  readonly missing: readonly string[];
}

/**
 * Classes of a folder's or an archive's pictures: by a table of files and labels beside them, if there is one, else by folders.
 * @throws InputError if there are none
 */
export async function findLayout(source: FileSource): Promise<Found> {
  const pictures = await picturesIn(source);
  const paths = pictures.map(({ path }) => path);
  const tables = await tablesBeside(source);
  const usable = tables.flatMap(({ path, rows }) => {
    const columns = labelColumns(rows);
    return columns ? [{ path, rows, columns }] : [];
  });
  const others = tables.map(({ path }) => path).filter((path) => !usable.some((one) => one.path === path));
  const unused = others.length === 0 ? [] : [withoutLabels(others)];
  const remarks = [
    ...source.remarks,
    ...othersLeftOut(
      source,
      paths,
      tables.map(({ path }) => path),
    ),
  ];
  if (usable.length > 0) {
    const chosen = chooseTables(source.name, usable);
    const layouts = chosen.map(({ path, rows, columns, set }) => {
      const folder = path.slice(0, path.length - baseName(path).length);
      return inFileOf(`${source.name}: ${path}`, () =>
        labelsLayout(rows, columns, fileFinder(paths, folder), set),
      );
    });
    const images = layouts.flatMap((layout) => layout.images);
    if (images.length > 0) {
      return {
        source,
        layout: {
          images,
          classes: [...new Set(layouts.flatMap(({ classes }) => classes))],
          several: layouts.some(({ several }) => several),
          remarks: [
            ...remarks,
            `Labels come from ${listed(chosen.map(({ path }) => path))}`,
            ...layouts.flatMap((layout) => layout.remarks),
          ],
        },
        missing: layouts.flatMap(({ missing }) => missing),
      };
    }
    unused.push(`${listed(chosen.map(({ path }) => path))} names no picture that is there`);
  }
  const layout = inFileOf(
    source.name,
    () => foldersLayout(paths, source.folders),
    unused.map((why) => `${why}, and `).join(""),
  );
  remarks.push(...unused.map((why) => `${why}, so classes come from folders`));
  return { source, layout: { ...layout, remarks: [...remarks, ...layout.remarks] }, missing: [] };
}

const withoutLabels = (tables: readonly string[]): string =>
  `${listed(tables)} ${tables.length === 1 ? "has" : "have"} no columns called file and label in the first row`;

/** Files that are called pictures, and those without an ending whose first bytes are a picture's. */
async function picturesIn({ files, read }: FileSource): Promise<{ path: string }[]> {
  const nameless = new Set(
    files.filter(({ path }) => mayBePicture(path) && !isCalledPicture(path)).map(({ path }) => path),
  );
  const pictures = new Set<string>();
  if (nameless.size > 0) {
    const { kindOf } = await import("../pictures/kind.js");
    for await (const file of read(nameless)) {
      if ("bytes" in file && typeof kindOf(file.bytes) === "string") pictures.add(file.path);
    }
  }
  return files.filter(({ path }) => isCalledPicture(path) || pictures.has(path));
}

/** Files that are no pictures lie beside them everywhere: they are counted, and their kinds are named. */
function othersLeftOut(
  { files }: FileSource,
  pictures: readonly string[],
  tables: readonly string[],
): string[] {
  const known = new Set([...pictures, ...tables]);
  const others = files.map(({ path }) => path).filter((path) => !known.has(path));
  if (others.length === 0) return [];
  const kinds = new Set(
    others.map(
      (path) =>
        baseName(path)
          .match(/\.[^.]+$/)?.[0]
          .toLowerCase() ?? baseName(path),
    ),
  );
  return [`${were(others.length, "other file")} left out (${listed([...kinds], 4)})`];
}

/** Tables in the outermost folder that has files. */
async function tablesBeside(source: FileSource): Promise<{ path: string; rows: Rows }[]> {
  const depth = (path: string) => path.split("/").length;
  const tables = source.files.map(({ path }) => path).filter(isTable);
  const outermost = Math.min(...tables.map(depth));
  const wanted = new Set(tables.filter((path) => depth(path) === outermost));
  const found: { path: string; rows: Rows }[] = [];
  if (wanted.size === 0) return found;
  for await (const file of source.read(wanted)) {
    const { path, bytes } = file as FileContent;
    if (bytes) found.push({ path, rows: inFileOf(`${source.name}: ${path}`, () => parseCsv(textOf(bytes))) });
  }
  return found;
}

type Usable = {
  readonly path: string;
  readonly rows: Rows;
  readonly columns: NonNullable<ReturnType<typeof labelColumns>>;
};

/** The only table, or one for training and one for testing. */
function chooseTables(
  name: string,
  tables: readonly Usable[],
): (Usable & { readonly set?: "train" | "test" })[] {
  if (tables.length === 1) return [...tables];
  const called = (pattern: RegExp) => tables.filter(({ path }) => pattern.test(baseName(path)));
  const [train, test, val] = [called(/train/i), called(/test/i), called(/(^|[^a-z])val/i)];
  const measured = test.length > 0 ? test : val;
  if (train.length === 1 && measured.length === 1 && train[0] !== measured[0]) {
    return [
      { ...train[0], set: "train" },
      { ...measured[0], set: "test" },
    ];
  }
  throw new InputError(
    `${name}: it holds several tables of labels (${listed(tables.map(({ path }) => path))}); give the one that is meant, or call them train.csv and test.csv.`,
  );
}

/** The layout of a table that was given itself. */
export async function tableLayout(
  name: string,
  rows: Rows,
  sourceOf: (files: readonly string[]) => Promise<FileSource>,
): Promise<Found> {
  const columns = labelColumns(rows);
  if (columns === undefined) {
    throw new InputError(
      `${name}: it is no table of files and labels, nor of labels and pixels; give its columns the names file and label in the first row.`,
    );
  }
  const body = rows.slice(columns.named ? 1 : 0);
  const source = await sourceOf(body.map((row) => row[columns.file] ?? "").filter((file) => file !== ""));
  const there = source.files.map(({ path }) => path);
  const all = new Set(there);
  const find = (file: string) => {
    if (all.has(file)) return file;
    return there.find((path) => path.startsWith(`${file}.`) && !path.slice(file.length + 1).includes("."));
  };
  const layout = inFileOf(name, () => labelsLayout(rows, columns, find));
  if (layout.images.length === 0) {
    throw new InputError(
      `${name}: none of the files that it names is there (${listed(layout.missing, 3)}); their paths begin at the table's folder.`,
    );
  }
  return { source, layout, missing: layout.missing };
}

/**
 * Messages that begin with a small letter become sentences that begin with the file's name.
 * @param before what stands before the message: another part of the sentence
 */
export function inFileOf<T>(name: string, work: () => T, before = ""): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${name}: ${before}${error.message}.`);
    throw error;
  }
}
