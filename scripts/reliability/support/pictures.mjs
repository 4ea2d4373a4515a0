import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { crc32, deflateSync } from "node:zlib";
import encodeJpeg, { init } from "@jsquash/jpeg/encode.js";
import { encode as encodePng } from "fast-png";
import { joined } from "./damage.mjs";

/*
 * Small sound pictures of each sort that is read.
 */

const SIDE = 16;
const ramp = (length) => Uint8Array.from({ length }, (_, k) => (k * 37) % 256);

/** A PNG made by hand. @param settings depth, type of colour, compression, filter, interlacing */
function pngOf(settings, bytesInRow, extra = []) {
  const rows = joined(...Array.from({ length: SIDE }, () => joined([0], ramp(bytesInRow))));
  const header = [0, 0, 0, SIDE, 0, 0, 0, SIDE, ...settings];
  const chunks = [["IHDR", header], ...extra, ["IDAT", deflateSync(rows)], ["IEND", []]];
  const bytes = joined(
    [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10],
    ...chunks.map(([type, data]) =>
      joined(
        [0, 0, data.length >> 8, data.length & 255],
        Buffer.from(type),
        Uint8Array.from(data),
        [0, 0, 0, 0],
      ),
    ),
  );
  return withChunkChecksums(bytes);
}

/** With the right checksum for each part that is where its length says, so that a wrong one doesn't hide other damage. */
export function withChunkChecksums(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) break;
    view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
    at = end + 4;
  }
  return bytes;
}

export const pngs = [
  pngOf([8, 0, 0, 0, 0], SIDE),
  pngOf([1, 0, 0, 0, 0], SIDE / 8),
  pngOf([16, 6, 0, 0, 0], 8 * SIDE),
  pngOf([4, 3, 0, 0, 0], SIDE / 2, [["PLTE", ramp(48)]]),
  encodePng(
    { width: SIDE, height: SIDE, channels: 3, depth: 8, data: ramp(3 * SIDE * SIDE) },
    { interlace: "Adam7" },
  ),
];

const encoder = createRequire(import.meta.url).resolve("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm");
await init({ wasmBinary: readFileSync(encoder), printErr: () => {} });

export const jpegs = await Promise.all(
  [false, true].map(async (progressive) => {
    const data = Uint8ClampedArray.from(ramp(4 * SIDE * SIDE));
    return new Uint8Array(
      await encodeJpeg({ width: SIDE, height: SIDE, data }, { quality: 80, progressive }),
    );
  }),
);
