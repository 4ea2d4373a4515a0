import type { Writable } from "node:stream";
import type { Content } from "./content.js";

/**
 * Writes a body piece by piece, each when the system has taken the one before, so that a slow reader costs the memory of one.
 * @param onProgress told of each piece that is gone
 * @throws Error if the reader has gone, or the body breaks off before its end
 */
export async function send(content: Content, to: Writable, onProgress: () => void): Promise<void> {
  let sent = 0;
  for await (const piece of content.pieces()) {
    await write(piece, to);
    sent += piece.length;
    onProgress();
  }
  if (sent < content.length) throw new Error(`the body has ${sent} bytes, not ${content.length}`);
}

/** Resolves when the bytes have been taken, so that their buffer can be used again. */
function write(bytes: Uint8Array, to: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error("the reader has gone"));
    to.once("close", gone);
    to.write(bytes, (error) => {
      to.off("close", gone);
      if (error) reject(error);
      else resolve();
    });
  });
}
