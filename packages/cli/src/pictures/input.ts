import {
  InputError,
  type Model,
  type PictureOptions,
  type PreparedPicture,
  preparePicture,
} from "unravel-cnn";
import { readPicture } from "./read.js";

/**
 * The picture in a file (`-`: standard input) as a model takes it, and what was done to it.
 * @throws InputError that names the file; what `signal` was aborted with
 */
export async function readInput(
  model: Model,
  file: string,
  options: PictureOptions,
  signal: AbortSignal,
): Promise<PreparedPicture> {
  try {
    return preparePicture(model, await readPicture(file, signal), options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [first, ...rest] = error.message;
    throw new InputError(`${nameOfFile(file)}: ${first.toLowerCase()}${rest.join("")}`);
  }
}

/** What a file is called in a message. */
export function nameOfFile(file: string): string {
  return file === "-" ? "standard input" : file;
}
