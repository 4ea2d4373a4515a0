import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { crc32, deflateSync } from "node:zlib";

/*
 * Files of pictures of every sort that a PNG can be, made here so that the decoder is not tested with its own encoder.
 */

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(data.length, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return bytes;
}

/** @param rows the bytes of each row */
function pngOf(width, height, depth, colourType, rows, extra = []) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colourType, 0, 0, 0], 8);
  const lines = rows.map((row) => Buffer.concat([Buffer.of(0), row]));
  return new Uint8Array(
    Buffer.concat([
      Buffer.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10),
      chunk("IHDR", header),
      ...extra,
      chunk("IDAT", deflateSync(Buffer.concat(lines))),
      chunk("IEND", Buffer.alloc(0)),
    ]),
  );
}

const rowsOf = (height, row) => Array.from({ length: height }, (_, y) => Buffer.from(row(y)));

/** Red, green and blue in bytes. */
export function png({ width, height, data }) {
  return pngOf(
    width,
    height,
    8,
    2,
    rowsOf(height, (y) => data.subarray(3 * width * y, 3 * width * (y + 1))),
  );
}

/** How dark each pixel is, 0 to 1. */
const darkness =
  ({ width, data }) =>
  (x, y) =>
    Math.max(0, Math.min(1, 1 - data[3 * (y * width + x) + 1] / 255));

/** Four greys, two bits a pixel. */
export function pngOfPalette(canvas) {
  const { width, height } = canvas;
  const dark = darkness(canvas);
  const rows = rowsOf(height, (y) => {
    const row = new Uint8Array(Math.ceil(width / 4));
    for (let x = 0; x < width; x++) row[x >> 2] |= Math.round(3 * dark(x, y)) << (6 - 2 * (x & 3));
    return row;
  });
  const palette = Buffer.from([255, 250, 240, 170, 170, 180, 90, 85, 110, 10, 10, 60]);
  return pngOf(width, height, 2, 3, rows, [chunk("PLTE", palette)]);
}

export function png16(canvas) {
  const { width, height } = canvas;
  const dark = darkness(canvas);
  return pngOf(
    width,
    height,
    16,
    0,
    rowsOf(height, (y) => {
      const row = Buffer.alloc(2 * width);
      for (let x = 0; x < width; x++) row.writeUInt16BE(Math.round(65535 * (1 - dark(x, y))), 2 * x);
      return row;
    }),
  );
}

/** Black ink on a background that can be seen through. */
export function greyWithAlpha(canvas) {
  const { width, height } = canvas;
  const dark = darkness(canvas);
  return pngOf(
    width,
    height,
    8,
    4,
    rowsOf(height, (y) =>
      Uint8Array.from({ length: 2 * width }, (_, k) => (k % 2 ? 255 * dark(k >> 1, y) : 0)),
    ),
  );
}

let encode;

/** @param quality 0 to 100 */
export async function jpeg(canvas, quality) {
  encode ??= await startEncoder();
  const { width, height, data } = canvas.picture();
  const colours = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let k = 0; k < width * height; k++) colours.set(data.subarray(3 * k, 3 * k + 3), 4 * k);
  return new Uint8Array(await encode({ width, height, data: colours }, { quality }));
}

async function startEncoder() {
  const require = createRequire(new URL("../../packages/cli/package.json", import.meta.url));
  const { default: encodeJpeg, init } = await import(require.resolve("@jsquash/jpeg/encode.js"));
  const wasmBinary = readFileSync(require.resolve("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm"));
  await init({ wasmBinary, printErr: () => {} });
  return encodeJpeg;
}
