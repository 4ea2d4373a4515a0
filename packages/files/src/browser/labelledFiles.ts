import { InputError } from "unravel-cnn";
import { foldersLayout, type Layout } from "../layout/folders.js";
import { isCalledPicture, isSystems } from "../layout/names.js";
import { picturesInZip } from "./unzip.js";

/** A file that a page was given: one that was chosen, or one of a dropped folder with its place in it. */
export type GivenFile = File | { readonly path: string; readonly file: Blob };

/** Pictures as files, with the classes that their folders name. */
export interface LabelledFiles {
  readonly pictures: readonly {
    /** Its place in the folder or archive, with slashes. */
    readonly path: string;
    /** The name of its class's folder; undefined: it lies in no folder. */
    readonly label: string | undefined;
    readonly picture: Blob;
  }[];
  /** What a person should know of how they were found, in sentences. */
  readonly remarks: readonly string[];
}

/**
 * The pictures among a page's files: single ones, those of folders, and those in zip archives. In each folder and archive, folders
 * name classes as for `imageFolder` in Node, whether these lie in `train` and `test` or not. Nothing is decoded.
 * @throws InputError in a sentence if there is no picture, or an archive is damaged or unpacks to more than 1 GiB
 */
export async function labelledFiles(given: readonly GivenFile[]): Promise<LabelledFiles> {
  const groups = await groupsOf(given);
  const parts = groups.map(labelledGroup);
  const pictures = parts.flatMap((part) => part.pictures);
  if (pictures.length === 0) {
    throw new InputError(
      "There are no pictures in what was given; choose pictures, folders of pictures, or a .zip of such folders.",
    );
  }
  return { pictures, remarks: parts.flatMap((part) => part.remarks) };
}

type Group = readonly (readonly [path: string, picture: Blob])[];

/** What belongs together: each archive, and what lies in the same outermost folder. */
async function groupsOf(given: readonly GivenFile[]): Promise<Group[]> {
  const archives: Group[] = [];
  const folders = new Map<string, (readonly [string, Blob])[]>();
  for (const one of given) {
    const { path, file } = "path" in one ? one : { path: one.webkitRelativePath || one.name, file: one };
    if (isSystems(path)) continue;
    if (/\.zip$/i.test(path)) archives.push(await picturesInZip(path, file));
    else if (isCalledPicture(path)) {
      const folder = path.includes("/") ? path.split("/")[0] : "";
      const found = folders.get(folder);
      if (found) found.push([path, file]);
      else folders.set(folder, [[path, file]]);
    }
  }
  return [...folders.values(), ...archives];
}

/** Pictures outside of all folders have no class. */
function labelledGroup(group: Group): LabelledFiles {
  const loose = group.filter(([path]) => !path.includes("/"));
  const inside = group.filter(([path]) => path.includes("/"));
  const layout = inside.length > 0 ? layoutOf(inside.map(([path]) => path)) : { images: [], remarks: [] };
  const labels = new Map(layout.images.map(({ path, labels: [label] }) => [path, label]));
  return {
    pictures: [
      ...loose.map(([path, picture]) => ({ path, label: undefined, picture })),
      ...inside
        .filter(([path]) => labels.has(path))
        .map(([path, picture]) => ({ path, label: labels.get(path), picture })),
    ],
    remarks: layout.remarks.map((remark) => `${remark}.`),
  };
}

/** Classes by folders; what is wrong with them becomes a sentence. */
function layoutOf(paths: readonly string[]): Pick<Layout, "images" | "remarks"> {
  try {
    return foldersLayout(paths, []);
  } catch (error) {
    throw error instanceof InputError
      ? new InputError(`What was given can't be used: ${error.message}.`)
      : error;
  }
}
