import { join } from "node:path";
import type { DataPair } from "../data/dataset.js";
import { InputError, show } from "../errors.js";
import { cacheFolder } from "./cache.js";
import { holdsIdxFiles, readIdxFolder } from "./idxFolder.js";

/** Data sets that are known by name. Each has four IDX files in a folder of its name. */
const known = {
  mnist: { title: "MNIST", classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] },
  "fashion-mnist": {
    title: "Fashion-MNIST",
    classes: [
      "T-shirt/top",
      "Trouser",
      "Pullover",
      "Dress",
      "Coat",
      "Sandal",
      "Shirt",
      "Sneaker",
      "Bag",
      "Ankle boot",
    ],
  },
} as const;

export type DatasetName = keyof typeof known;

export const datasetNames = Object.keys(known) as readonly DatasetName[];

/**
 * A known data set, from `$UNRAVEL_DATA` or the cache folder.
 * @throws InputError if there is no such data set, or it isn't there, or it is damaged
 */
export async function loadDataset(
  name: DatasetName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<DataPair> {
  if (!Object.hasOwn(known, name)) {
    throw new InputError(`There is no data set ${show(name)}; there are ${datasetNames.join(", ")}.`);
  }
  const { title, classes } = known[name];
  const folders = [...(env.UNRAVEL_DATA ? [env.UNRAVEL_DATA] : []), cacheFolder(env)].map((folder) =>
    join(folder, name),
  );
  for (const folder of folders) if (await holdsIdxFiles(folder)) return readIdxFolder(folder, title, classes);
  throw new InputError(
    `${title} was not found in ${folders.join(" or ")}; put its four files there, or set UNRAVEL_DATA to the folder that holds ${name}/.`,
  );
}
