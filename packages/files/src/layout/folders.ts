import { InputError } from "unravel-cnn";
import { baseName, listed, were } from "./names.js";
import { isSplit, type Splits, splitsIn } from "./splits.js";

/** A picture and what is known of it before it is read. */
export interface Labelled {
  /** Its place in the folder or archive, with slashes. */
  readonly path: string;
  /** The names of its classes: one, or with several labels at once any number, also none. */
  readonly labels: readonly string[];
  /** Undefined where the data don't say which pictures are for testing. */
  readonly set: "train" | "test" | undefined;
}

/** Which pictures there are, and what a person should know of how they were found. */
export interface Layout {
  readonly images: readonly Labelled[];
  /** Classes that have a folder, with or without pictures. */
  readonly classes: readonly string[];
  /** Whether a picture may show several classes at once, or none. */
  readonly several: boolean;
  /** Sentences without their full stop. */
  readonly remarks: readonly string[];
}

/**
 * Classes by folders: one for each class, or `train` and `test` (or `val`) with such folders. A single folder around all of it is
 * passed through; what lies deeper belongs to the class's folder.
 * @param pictures paths of all pictures
 * @param folders paths of all folders, so that an empty one is seen
 * @throws InputError that begins with a small letter, if the pictures have no classes
 */
export function foldersLayout(pictures: readonly string[], folders: readonly string[]): Layout {
  const around = folderAround(pictures);
  const inside = pictures.map((path) => path.slice(around.length));
  const insideFolders = folders
    .filter((path) => path.startsWith(around))
    .map((path) => path.slice(around.length));
  const splits = splitsIn(inside);
  const twins = twinsIn(inside, splits);
  const remarks: string[] = [];
  const images: Labelled[] = [];
  const classes = new Set<string>();
  const loose: string[] = [];
  const unused = new Map<string, number>();
  for (const [k, path] of inside.entries()) {
    const parts = path.split("/");
    const split = splits?.get(parts[0]);
    if (splits && split === undefined) {
      unused.set(parts[0], (unused.get(parts[0]) ?? 0) + 1);
      continue;
    }
    const [label, ...rest] = split ? withoutTwin(parts, twins) : parts;
    if (rest.length === 0) loose.push(path);
    else images.push({ path: pictures[k], labels: [label.normalize("NFC")], set: split });
  }
  for (const path of insideFolders) {
    const parts = path.split("/").filter((part) => part !== "");
    const own = splits?.has(parts[0]) ? withoutTwin(parts, twins) : parts;
    if (own.length === 1 && (own !== parts || !splits)) classes.add(own[0].normalize("NFC"));
  }
  for (const { labels } of images) classes.add(labels[0]);
  const outermost = [...new Set(inside.map((path) => path.split("/")[0]))];
  if (!splits && images.length > 0 && outermost.every(isSplit)) {
    throw new InputError(`the pictures in ${listed(outermost)} lie in no class's folder; ${FIX}`);
  }
  if (images.length === 0) throw new InputError(noClasses(pictures));
  if (loose.length > 0) {
    remarks.push(
      `${were(loose.length, "picture")} left out that lie in no class's folder: ${listed(loose, 3)}`,
    );
  }
  for (const [folder, count] of unused) {
    const pictures = `${count.toLocaleString("en-US")} picture${count === 1 ? "" : "s"}`;
    remarks.push(
      `${folder} was left out, with ${pictures}: it is neither what is trained on nor what is tested on`,
    );
  }
  return { images, classes: [...classes], several: false, remarks };
}

/** Folders of a split that hold nothing but a folder of the same name with folders in it, as `seg_train/seg_train/`. */
function twinsIn(paths: readonly string[], splits: Splits | undefined): ReadonlySet<string> {
  const isTwin = (folder: string) =>
    paths.every((path) => {
      const [outer, inner, ...rest] = path.split("/");
      return outer !== folder || (inner === folder && rest.length > 1);
    });
  return new Set([...(splits?.keys() ?? [])].filter(isTwin));
}

/** The path inside a folder of a split, and inside its twin. */
const withoutTwin = (parts: readonly string[], twins: ReadonlySet<string>): readonly string[] =>
  parts.slice(twins.has(parts[0]) ? 2 : 1);

function noClasses(pictures: readonly string[]): string {
  return pictures.length === 0
    ? "there are no pictures in it; put those of each class into a folder of the class's name"
    : `its ${pictures.length.toLocaleString("en-US")} picture${pictures.length === 1 ? "" : "s"} (${listed(pictures.map(baseName), 2)}) lie in no class's folder; ${FIX}`;
}

const FIX =
  "put those of each class into a folder of the class's name, or list file and label in a CSV file beside them";

/** The folders that all pictures lie in, where these hold nothing but one folder that has folders itself. */
function folderAround(pictures: readonly string[]): string {
  let around = "";
  for (;;) {
    const next = new Set(pictures.map((path) => path.slice(around.length).split("/")[0]));
    const [only] = next;
    const inner = `${around}${only}/`;
    const deeper = pictures.filter((path) => path.slice(inner.length).includes("/"));
    if (next.size !== 1 || deeper.length === 0) return around;
    // a single class's folder with folders of its own, or train/ alone, is not taken away
    if (isSplit(only)) return around;
    around = inner;
  }
}
