import { addAbortSignal, type Readable } from "node:stream";
import { InputError, type Picture } from "unravel-cnn";
import { openToRead, reason } from "unravel-cnn/node";
import { decodePicture } from "unravel-files/node";

/** The most bytes that a picture's file may have. */
const LARGEST_FILE = 256 * 1024 * 1024;

/**
 * The picture in a PNG, JPEG, WebP or GIF; which of them it is, its bytes tell.
 * @param file path, or `-` for standard input
 * @throws InputError if it can't be read, is damaged, too large, or something else; what `signal` was aborted with
 */
export async function readPicture(file: string, signal: AbortSignal): Promise<Picture> {
  return decodePicture(await readFile(file, signal));
}

async function readFile(file: string, signal: AbortSignal): Promise<Uint8Array> {
  if (file === "")
    throw new InputError("The name of the picture is empty; give one, or - for standard input.");
  if (file === "-" && process.stdin.isTTY) {
    throw new InputError(
      "Standard input is a terminal; send a picture into it, as in: unravel predict MODEL - < 3.png.",
    );
  }
  try {
    const stream = file === "-" ? process.stdin : await openToRead(file);
    return await readAll(addAbortSignal(signal, stream));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InputError) throw error;
    throw new InputError(`${reason(error)}.`);
  }
}

/** All bytes of a stream, given up where it gets too long: a device can go on for ever. */
async function readAll(stream: Readable): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length > LARGEST_FILE) {
      throw new InputError(
        `It is larger than the ${LARGEST_FILE / 1024 ** 2} MiB that a picture may have; make the picture smaller.`,
      );
    }
  }
  return new Uint8Array(Buffer.concat(parts));
}
