import { datasetNames, InputError, idxFileNames, sources } from "unravel-cnn";
import { findIdxFile, locateDataset } from "unravel-cnn/node";
import { type Content, fileInside, inMemory, openInside } from "./content.js";
import type { Site } from "./site.js";

/** The four files of every data set. */
const files = [idxFileNames.train, idxFileNames.test].flatMap(({ images, labels }) => [images, labels]);

/**
 * The site, and the known data sets that this machine has: `/datasets.json` names them, and `/data/mnist/` and the like
 * hold their four files, as they lie in `$UNRAVEL_DATA` or the cache, packed or not. Looked for when they are asked for;
 * there is an address for each of these files and for nothing else. The folder of a data set may be a link to where it
 * is kept; from there on no link leads out of it.
 */
export function withData(site: Site, env: NodeJS.ProcessEnv = process.env): Site {
  const data = new Map(site);
  data.set("/datasets.json", async () =>
    inMemory(new TextEncoder().encode(JSON.stringify(await present(env)))),
  );
  for (const name of datasetNames) {
    for (const file of files) {
      data.set(`/data/${name}/${file}`, async () => {
        const folder = await locateDataset(name, env);
        return folder === undefined ? undefined : found(folder, file);
      });
    }
  }
  return data;
}

/** `[{ name: "mnist", title: "MNIST" }]`: what is there with all its files. */
async function present(env: NodeJS.ProcessEnv): Promise<{ name: string; title: string }[]> {
  const all = await Promise.all(
    datasetNames.map(async (name) => {
      const folder = await locateDataset(name, env);
      if (folder === undefined) return [];
      const paths = await Promise.all(
        files.map(async (file) => {
          const path = await pathOf(folder, file);
          return path && (await fileInside(folder, path));
        }),
      );
      return paths.includes(undefined) ? [] : [{ name, title: sources[name].title }];
    }),
  );
  return all.flat();
}

async function found(folder: string, file: string): Promise<Content | undefined> {
  const path = await pathOf(folder, file);
  return path === undefined ? undefined : openInside(folder, path);
}

async function pathOf(folder: string, file: string): Promise<string | undefined> {
  try {
    return await findIdxFile(folder, file);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
