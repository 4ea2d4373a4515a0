import { readFileSync } from "node:fs";
import { InputError, resizePicture, sizeOf } from "unravel-cnn";
import { reason } from "unravel-cnn/node";
import { isGrey } from "../layout/channels.js";
import { sizeOfKind } from "../pictures/size.js";
import { decodePicture, knownKind } from "./decode.js";
import type { Answer, Batch } from "./messages.js";

/** Decodes files, one after the other, and makes them as large as they are to be. What is wrong with one is in its outcome. */
export async function decodeBatch({ files, bytes: all, target }: Batch): Promise<Answer> {
  const size = target ? sizeOf(target.shape) : 0;
  const pixels = new Uint8Array(files.length * size);
  const sizes = new Uint32Array(2 * files.length);
  const problems = new Map<number, string>();
  let grey = true;
  for (const [k, file] of files.entries()) {
    try {
      // not the asynchronous function: a thread has nothing else to do, and it takes a multiple of the time
      const bytes = "path" in file ? readFileSync(file.path) : all.subarray(file.from, file.to);
      if (target === undefined) {
        const { width, height } = sizeOfKind[knownKind(bytes)](bytes);
        sizes.set([width, height], 2 * k);
        continue;
      }
      const picture = await decodePicture(bytes);
      const input = resizePicture(picture, target.shape, target.fit);
      pixels.set(input, k * size);
      sizes.set([picture.width, picture.height], 2 * k);
      grey &&= isGrey(input, target.shape[0]);
    } catch (error) {
      problems.set(k, problemOf(error));
    }
  }
  return { sizes, problems, grey, pixels };
}

function problemOf(error: unknown): string {
  if (error instanceof InputError) return error.message;
  if (error instanceof Error && "code" in error) return `It can't be read: ${reason(error)}.`;
  return "It can't be decoded.";
}
