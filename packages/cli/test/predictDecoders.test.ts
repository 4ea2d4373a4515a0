import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { zlibSync } from "fflate";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../test/support/folder.js";
import { onlyLong } from "../../../test/support/long.js";
import { expectSentence } from "../../../test/support/sentence.js";
import { digitFromPicture, type Picture } from "../../core/src/index.js";
import { decodePicture } from "../../files/dist/node/index.js";
import { readPicture } from "../src/pictures/read.js";
import { drawnOn, greyOf, jpegOf, pictureOf, pngOf } from "./support/pictures.js";

/*
 * From a file's bytes to a picture: all sorts of PNG and JPEG give the same digit; whatever else, and whatever is damaged, gives
 * one sentence, soon.
 */

/** A 4, dark on light, off-centre. */
const ink = greyOf(40, 60, (x, y) => {
  const slanted = y < 40 && Math.abs(x + 0.6 * y - 28) < 3;
  const across = Math.abs(y - 38) < 3 && x > 2;
  const down = Math.abs(x - 28) < 3 && y > 18;
  return slanted || across || down ? 255 : 0;
});
const grey = drawnOn(ink, { width: 90, height: 77, left: 33, top: 9, paper: 255, ink: 0 });
const { width, height } = grey;
const bits = Array.from(grey.data, (value) => (value < 128 ? 1 : 0));
const digit = digitFromPicture(pictureOf(grey));

/** The picture with other channels: a function of whether there is ink. */
function recoloured(channels: 1 | 2 | 3 | 4, depth: 8 | 16, colour: (inked: boolean) => number[]): Picture {
  const values = bits.flatMap((bit) => colour(bit === 1));
  return {
    width,
    height,
    channels,
    depth,
    data: depth === 16 ? Uint16Array.from(values) : Uint8Array.from(values),
  };
}

/** A PNG made by hand, for what fast-png doesn't write. */
function handmade(
  header: readonly number[],
  chunks: readonly [type: string, data: Uint8Array][],
): Uint8Array {
  const size = new DataView(new ArrayBuffer(8));
  size.setUint32(0, width);
  size.setUint32(4, height);
  const ihdr = Uint8Array.of(...new Uint8Array(size.buffer), ...header);
  const parts = ([["IHDR", ihdr], ...chunks, ["IEND", new Uint8Array()]] as const).map(([type, data]) =>
    chunk(type, data),
  );
  return new Uint8Array(Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc(body), body.length + 4);
  return framed;
}

function crc(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let k = 0; k < 8; k++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}

/** Rows of `depth` bits a pixel, each after its filter's number, packed. */
function packed(depth: number, shade: (bit: number) => number): Uint8Array {
  const rowLength = Math.ceil((width * depth) / 8);
  const rows = new Uint8Array(height * (1 + rowLength));
  for (const [k, bit] of bits.entries()) {
    const at = (k % width) * depth;
    rows[Math.floor(k / width) * (1 + rowLength) + 1 + (at >> 3)] |= shade(bit) << (8 - depth - (at & 7));
  }
  return zlibSync(rows);
}

const palette = Uint8Array.of(255, 255, 255, 0, 0, 0, 90, 90, 90);
const black =
  (channels: number, largest = 255) =>
  (inked: boolean) => [
    ...Array(channels > 2 ? 3 : 1).fill(inked ? 0 : largest),
    ...(channels % 2 ? [] : [largest]),
  ];

describe("one digit, all sorts of PNG", () => {
  const sorts: readonly [string, Uint8Array][] = [
    ["grey", pngOf(pictureOf(grey))],
    ["grey, interlaced", pngOf(pictureOf(grey), true)],
    ["grey with alpha", pngOf(recoloured(2, 8, black(2)))],
    ["colours", pngOf(recoloured(3, 8, black(3)))],
    ["colours, interlaced", pngOf(recoloured(3, 8, black(3)), true)],
    ["colours with alpha", pngOf(recoloured(4, 8, black(4)))],
    ["black on nothing", pngOf(recoloured(4, 8, (inked) => [0, 0, 0, inked ? 255 : 0]))],
    ["white on nothing", pngOf(recoloured(4, 8, (inked) => [255, 255, 255, inked ? 255 : 0]))],
    ["16 bits", pngOf(recoloured(1, 16, black(1, 65535)))],
    ["16 bits, colours with alpha", pngOf(recoloured(4, 16, black(4, 65535)))],
    ["16 bits, interlaced", pngOf(recoloured(1, 16, black(1, 65535)), true)],
    ["1 bit", handmade([1, 0, 0, 0, 0], [["IDAT", packed(1, (bit) => 1 - bit)]])],
    ["2 bits", handmade([2, 0, 0, 0, 0], [["IDAT", packed(2, (bit) => 3 - 3 * bit)]])],
    ["4 bits", handmade([4, 0, 0, 0, 0], [["IDAT", packed(4, (bit) => 15 - 15 * bit)]])],
    [
      "palette of 8 bits",
      handmade(
        [8, 3, 0, 0, 0],
        [
          ["PLTE", palette],
          ["IDAT", packed(8, (bit) => bit)],
        ],
      ),
    ],
    [
      "palette of 1 bit",
      handmade(
        [1, 3, 0, 0, 0],
        [
          ["PLTE", palette.subarray(0, 6)],
          ["IDAT", packed(1, (bit) => bit)],
        ],
      ),
    ],
    [
      "palette with a transparent colour",
      handmade(
        [4, 3, 0, 0, 0],
        [
          ["PLTE", palette.fill(0, 0, 3)],
          ["tRNS", Uint8Array.of(0)],
          ["IDAT", packed(4, (bit) => bit)],
        ],
      ),
    ],
    [
      "a transparent grey",
      handmade(
        [8, 0, 0, 0, 0],
        [
          ["tRNS", Uint8Array.of(0, 7)],
          ["IDAT", packed(8, (bit) => (bit ? 0 : 7))],
        ],
      ),
    ],
    [
      "a transparent grey of 2 bits",
      handmade(
        [2, 0, 0, 0, 0],
        [
          ["tRNS", Uint8Array.of(0, 1)],
          ["IDAT", packed(2, (bit) => (bit ? 0 : 1))],
        ],
      ),
    ],
    [
      "with a damaged profile and text",
      handmade(
        [8, 0, 0, 0, 0],
        [
          ["iCCP", Uint8Array.of(65, 0, 0, 9, 9)],
          ["tEXt", Uint8Array.of(1)],
          ["IDAT", packed(8, (bit) => 255 - 255 * bit)],
        ],
      ),
    ],
  ];
  test.each(sorts)("%s", async (_, bytes) => {
    expect(Buffer.compare(digitFromPicture(await decodePicture(bytes)), digit)).toBe(0);
  });
});

describe("one digit, all sorts of JPEG", () => {
  const difference = (a: Uint8Array) =>
    a.reduce((sum, value, k) => sum + Math.abs(value - digit[k]), 0) / 784;
  test.each([
    [95, true, 3],
    [80, false, 5],
    [30, true, 8],
  ])("quality %i, progressive: %s", async (quality, progressive, most) => {
    const picture = await decodePicture(await jpegOf(grey, quality, progressive));
    expect(picture).toMatchObject({ width, height, depth: 8 });
    expect(difference(digitFromPicture(picture))).toBeLessThan(most);
  });

  test("turned by the camera's orientation", async () => {
    // The picture lies on its left side, and the file says so: turn it by a quarter to the right (orientation 6).
    const lying = greyOf(height, width, (x, y) => grey.data[x * width + width - 1 - y]);
    const lying6 = withOrientation(await jpegOf({ ...lying, width: height, height: width }, 95), 6);
    const picture = await decodePicture(lying6);
    expect(picture).toMatchObject({ width, height });
    expect(difference(digitFromPicture(picture))).toBeLessThan(4);
  });
});

function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  const exif = Uint8Array.of(
    ...[0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8],
    ...[0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0],
  );
  return Uint8Array.of(...jpeg.subarray(0, 2), ...exif, ...jpeg.subarray(2));
}

/** The message of the InputError that the bytes give. */
async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await decodePicture(bytes).then(
    () => undefined,
    (error: Error) => error,
  );
  expect(error, "it must be refused").toMatchObject({ name: "InputError" });
  expectSentence(error?.message ?? "");
  return error?.message ?? "";
}

const text = (value: string) => Uint8Array.from(value, (letter) => letter.charCodeAt(0));

describe("what is no PNG or JPEG is called by its name", () => {
  const others: readonly [string, Uint8Array, RegExp][] = [
    ["nothing", new Uint8Array(), /^It is empty, so/],
    ["a TIFF", text("II*\0.........."), /^It is a TIFF picture, but only PNG, JPEG, WebP and GIF/],
    ["a BMP", Uint8Array.of(0x42, 0x4d, 9, 9, 0, 0, 0, 0, 0, 0, 54, 0), /a BMP picture/],
    ["a TIFF", text("II*\0...."), /a TIFF picture/],
    ["a HEIC", text("\0\0\0\x18ftypheic...."), /a HEIC picture/],
    ["a PDF", text("%PDF-1.7\n"), /a PDF/],
    ["an SVG", text('<?xml version="1.0"?>\n<svg xmlns="..."></svg>'), /an SVG drawing/],
    ["text", text("hello, I am 3.png\n"), /It is text/],
    ["JSON", text('{ "input": [1, 28, 28] }'), /JSON text/],
    ["IDX", Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1), /an IDX file/],
    ["noise", Uint8Array.of(7, 1, 200, 3, 5), /no picture that is known/],
    ["a mangled PNG", text("\x89PNG\n\x1a\n"), /a PNG whose first bytes are damaged/],
  ];
  test.each(others)("%s", async (_, bytes, message) => {
    expect(await refusal(bytes)).toMatch(message);
  });
});

describe("damaged files are refused", () => {
  const png = pngOf(pictureOf(grey));
  const resizedTo = (newWidth: number, newHeight: number) => {
    const bytes = new Uint8Array(handmade([8, 0, 0, 0, 0], [["IDAT", packed(8, (bit) => bit)]]));
    const view = new DataView(bytes.buffer);
    view.setUint32(16, newWidth);
    view.setUint32(20, newHeight);
    view.setUint32(29, crc(bytes.subarray(12, 29)));
    return bytes;
  };
  const damaged: readonly [string, Uint8Array, RegExp][] = [
    ["a PNG cut short", png.slice(0, -30), /PNG is damaged: it is cut short/],
    ["a PNG without an end", png.slice(0, -12), /it is cut short/],
    ["a wrong checksum", png.with(30, png[30] ^ 1), /the checksum of its part IHDR is wrong/],
    ["a size of nothing", resizedTo(0, 10), /must be whole numbers of at least 1, not 0 and 10/],
    ["a huge size", resizedTo(60_000, 60_000), /60000x60000 pixels, more than the 50 million/],
    ["a large size", resizedTo(7000, 7000), /too little pixel data for its size/],
    ["a larger size", resizedTo(90, 78), /its pixel data end too early/],
    ["a smaller size", resizedTo(90, 76), /more pixel data than its size says/],
    ["no pixel data", handmade([8, 0, 0, 0, 0], []), /too little pixel data/],
    ["no palette", handmade([8, 3, 0, 0, 0], [["IDAT", packed(8, (bit) => bit)]]), /it has no palette/],
    [
      "a colour outside the palette",
      handmade(
        [8, 3, 0, 0, 0],
        [
          ["PLTE", palette],
          ["IDAT", packed(8, () => 77)],
        ],
      ),
      /not in its palette/,
    ],
    ["12 bits", handmade([12, 0, 0, 0, 0], []), /its header makes no sense/],
    [
      "an unknown filter",
      handmade([8, 0, 0, 0, 0], [["IDAT", zlibSync(new Uint8Array(height * (width + 1)).fill(9))]]),
      /its pixel data make no sense/,
    ],
    [
      "interlaced 1 bit",
      handmade([1, 0, 0, 0, 1], []),
      /interlaced PNG with 1 bit a pixel, which can't be read/,
    ],
  ];
  test.each(damaged)("%s", async (_, bytes, message) => {
    expect(await refusal(bytes)).toMatch(message);
  });

  test("a PNG that unpacks to far more than it says", async () => {
    const bomb = zlibSync(new Uint8Array(5_000_000));
    expect(await refusal(handmade([8, 0, 0, 0, 0], [["IDAT", bomb]]))).toMatch(
      /more pixel data than its size/,
    );
  });

  test("a JPEG cut short, of no size, of a huge size", async () => {
    const jpeg = await jpegOf(grey);
    expect(await refusal(jpeg.slice(0, -2))).toMatch(/JPEG is damaged: Premature end of JPEG file/);
    expect(await refusal(jpeg.slice(0, 100))).toMatch(/JPEG is damaged/);
    const frame = jpeg.findIndex(
      (byte, k) => byte === 0xff && (jpeg[k + 1] === 0xc2 || jpeg[k + 1] === 0xc0),
    );
    const sized = (w: number, h: number) => {
      const copy = jpeg.slice();
      copy.set([h >> 8, h & 255, w >> 8, w & 255], frame + 5);
      return copy;
    };
    expect(await refusal(sized(0, 77))).toMatch(/at least 1, not 0 and 77/);
    expect(await refusal(sized(60_000, 60_000))).toMatch(/more than the 50 million/);
    expect(await refusal(sized(7000, 7000))).toMatch(/too little data for its size/);
    // Each of several at a time is told what is wrong with it, and no other.
    const [fine, cut] = await Promise.all([decodePicture(jpeg), refusal(jpeg.slice(0, -2))]);
    expect(fine).toMatchObject({ width, height });
    expect(cut).toMatch(/Premature end/);
    // After all that the decoder still works.
    expect(await decodePicture(jpeg)).toMatchObject({ width, height });
  });
});

onlyLong(test)("a file of more than 256 MiB is given up", async () => {
  const path = join(await temporaryFolder({ picture: "" }), "picture");
  await truncate(path, 2 ** 28 + 1);
  await expect(readPicture(path, new AbortController().signal)).rejects.toThrow(
    /^It is larger than the 256 MiB that a picture may have; make the picture smaller\.$/,
  );
});
