import { expect } from "vitest";
import { type Files, temporaryFolder } from "../../../../test/support/folder.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import { type ImageFolder, type ImageFolderOptions, imageFolder } from "../../dist/node/index.js";

/* What tests of folders, archives and tables do again and again. */

export const read = (path: string, options: ImageFolderOptions = {}) =>
  imageFolder(path, { cache: false, ...options });

/** What a folder with these files gives. */
export async function readFiles(files: Files, options?: ImageFolderOptions): Promise<ImageFolder> {
  return read(await temporaryFolder(files), options);
}

/** The sentence that they are refused with. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error("nothing was refused"),
    (thrown: Error) => thrown,
  );
  expect(error.name).toBe("InputError");
  expectSentence(error.message);
  return error.message;
}

/** File and class of each image, both sets together, in order. */
export function labelled({ train, test, files }: ImageFolder): string[] {
  return [
    ...files.train.map((file, k) => `${file} ${train.classes[train.labels[k]]}`),
    ...files.test.map((file, k) => `${file} ${test.classes[test.labels[k]]}`),
  ].sort();
}

export function labelledAs(files: Record<string, unknown>): string[] {
  return Object.keys(files)
    .map((path) => `${path} ${path.split("/").at(-2)}`)
    .sort();
}
