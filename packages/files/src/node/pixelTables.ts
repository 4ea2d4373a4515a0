import { basename, resolve } from "node:path";
import { type DataPair, type Dataset, InputError, subset } from "unravel-cnn";
import { known } from "../known.js";
import { inOrder } from "../layout/arrange.js";
import { baseName, isTable, listed, mayBePicture } from "../layout/names.js";
import { setAside } from "../layout/setAside.js";
import { isPixelTable, type PixelTable, parsePixels } from "../tables/pixels.js";
import { inFileOf } from "./findLayout.js";
import type { Opened } from "./openSource.js";
import type { FileContent } from "./source.js";

/** Images from tables of labels and pixels. */
export interface PixelData extends DataPair {
  /** How many images were set aside for testing; 0 where a table of their own has them. */
  readonly setAside: number;
}

interface NamedTable extends PixelTable {
  readonly path: string;
}

/**
 * Images from tables, as MNIST is often passed on: a `.csv` of labels and pixels, or a folder or archive with one for training and one
 * for testing. Where there is only one, a fifth of each class is set aside for testing, drawn by the seed.
 * @returns undefined if it is something else
 * @throws InputError if a table is damaged, or they don't fit together
 */
export async function pixelTables(path: string, opened: Opened, seed = 0): Promise<PixelData | undefined> {
  const tables = await readTables(path, opened);
  if (tables.length === 0) return undefined;
  const { train, test } = chooseTables(path, tables);
  const classes = inOrder(new Set(train.labels));
  if (classes.length < 2 || classes.length > 256) {
    throw new InputError(
      `${path}: ${train.path} has ${classes.length} classes, but 2 to 256 can be told apart.`,
    );
  }
  const all = dataOf(path, train, classes);
  if (test) return { train: all, test: dataOf(path, test, classes), setAside: 0 };
  const images = train.labels.map((label, k) => ({ path: String(k), labels: [label], set: undefined }));
  const aside = new Set(setAside(images, false, seed).map((image) => Number(image.path)));
  const kept = (wanted: boolean) => images.flatMap((_, k) => (aside.has(k) === wanted ? [k] : []));
  return { train: subset(all, kept(false)), test: subset(all, kept(true)), setAside: aside.size };
}

async function readTables(path: string, opened: Opened): Promise<NamedTable[]> {
  if (opened.kind === "table") {
    return isPixelTable(opened.bytes)
      ? [{ path: basename(path), ...inFileOf(path, () => parsePixels(opened.bytes)) }]
      : [];
  }
  const source = await opened.list();
  const paths = source.files.map((file) => file.path);
  if (paths.some((one) => mayBePicture(one))) return [];
  const tables: NamedTable[] = [];
  for await (const file of source.read(new Set(paths.filter(isTable)))) {
    const { path: name, bytes } = file as FileContent;
    if (!bytes || !isPixelTable(bytes)) continue;
    tables.push({ path: name, ...inFileOf(`${path}: ${name}`, () => parsePixels(bytes)) });
  }
  return tables;
}

function chooseTables(
  path: string,
  tables: readonly NamedTable[],
): { train: NamedTable; test: NamedTable | undefined } {
  if (tables.length === 1) return { train: tables[0], test: undefined };
  const called = (name: RegExp) => tables.filter((table) => name.test(baseName(table.path)));
  const [train, test] = [called(/train/i), called(/test/i)];
  if (train.length !== 1 || test.length !== 1) {
    throw new InputError(
      `${path}: it holds several tables of pixels (${listed(tables.map((table) => table.path))}); give the one that is meant, or call them train.csv and test.csv.`,
    );
  }
  if (train[0].side !== test[0].side) {
    throw new InputError(
      `${path}: the images of ${train[0].path} are ${train[0].side}x${train[0].side}, but those of ${test[0].path} ${test[0].side}x${test[0].side}; they must be equal.`,
    );
  }
  return { train: train[0], test: test[0] };
}

function dataOf(
  path: string,
  { path: table, side, labels, pixels }: NamedTable,
  classes: readonly string[],
): Dataset {
  const places = new Map(classes.map((name, k) => [name, k]));
  const unknown = labels.findIndex((label) => !places.has(label));
  if (unknown >= 0) {
    throw new InputError(
      `${path}: image ${unknown + 1} of ${table} has the label ${JSON.stringify(labels[unknown])}, which no image to train on has.`,
    );
  }
  return {
    name: basename(resolve(path)),
    shape: [1, side, side],
    images: pixels,
    labels: Uint8Array.from(labels, (label) => known(places.get(label))),
    classes,
  };
}
