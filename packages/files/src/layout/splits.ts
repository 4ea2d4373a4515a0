/* Folders that are a split: what is trained on, and what is tested on. */

/** What the folders of a split are called. A validation set stands for the test set where there is none. */
const SETS = { train: /^train(ing)?$/, test: /^test(ing)?$/, val: /^(val|valid|validation|dev|eval)$/ };
type SetName = keyof typeof SETS;

/** The set of each outermost folder that belongs to a split, by its name. */
export type Splits = ReadonlyMap<string, "train" | "test">;

/** Whether a folder's name is that of a set, and nothing else: `train`, `Test set`. */
export const isSplit = (folder: string): boolean => readName(folder)?.rest === "";

/**
 * The set that a folder's name tells, and what else is in it: `seg_train` is of the set train, with the rest `seg`. Undefined: it
 * tells none.
 */
function readName(folder: string): { readonly set: SetName; readonly rest: string } | undefined {
  const words = folder
    .toLowerCase()
    .replace(/set$/, " set")
    .split(/[\s_.-]+/)
    .filter((word) => word !== "" && word !== "set");
  for (const set of ["train", "test", "val"] as const) {
    const place = words.findIndex((word) => SETS[set].test(word));
    if (place >= 0) return { set, rest: words.toSpliced(place, 1).join(" ") };
  }
  return undefined;
}

/** Which of the outermost folders are a split; undefined if they are classes. */
export function splitsIn(paths: readonly string[]): Splits | undefined {
  const withFolders = new Set(
    paths.filter((path) => path.split("/").length > 2).map((path) => path.split("/")[0]),
  );
  const byRest = new Map<string, Map<SetName, string>>();
  for (const folder of withFolders) {
    const name = readName(folder);
    if (name === undefined) continue;
    const sets = byRest.get(name.rest) ?? new Map<SetName, string>();
    byRest.set(name.rest, sets);
    if (!sets.has(name.set)) sets.set(name.set, folder);
  }
  const measured = (sets: ReadonlyMap<SetName, string>) => sets.get("test") ?? sets.get("val");
  const plain = byRest.get("");
  const others = [...withFolders].filter((folder) => !isSplit(folder));
  // a class that happens to be called so stands beside others
  const isPlain = plain && (others.length === 0 || (plain.has("train") && measured(plain) !== undefined));
  // names that say more than a set are some only where a pair says the same
  const found = isPlain
    ? plain
    : [...byRest.values()].find((sets) => sets.has("train") && measured(sets) !== undefined);
  if (found === undefined) return undefined;
  const [train, test] = [found.get("train"), measured(found)];
  return new Map([
    ...(train === undefined ? [] : [[train, "train"] as const]),
    ...(test === undefined ? [] : [[test, "test"] as const]),
  ]);
}
