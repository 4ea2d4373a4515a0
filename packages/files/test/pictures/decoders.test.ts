import fc from "fast-check";
import { encode as encodePng } from "fast-png";
import { crc32 } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { decodePicture } from "../../dist/node/index.js";
import { gifOf } from "../support/gif.js";
import { expectRefused } from "../support/refused.js";

/* Pictures of 6x5 that Pillow wrote, of red 50 x, green 60 y and blue 25 (x + y); and GIFs and orientations of our own. */

const WRITTEN = {
  "a GIF, interlaced":
    "R0lGODdhBgAFAIQAAPrw4cjwyJbwr/q0yMi0r5a0lmTwlmS0ffp4r8h4lpZ4fWR4ZDLwfQDwZDK0ZAC0SzJ4SwB4Mvo8lsg8fZY8ZPoAfcgAZJYAS2Q8S2QAMjI8MgA8GTIAGQAAAAAAAAAAACwAAAAABgAFAAAIJAA7cMhwwUKFDRowUJggIQKEBQoSIHjg4EABAgMaMDAgIACAgAA7",
  "a GIF with several pictures":
    "R0lGODdhBgAFAIQAAPrw4cjwyJbwr/q0yMi0r5a0lmTwlmS0ffp4r8h4lpZ4fWR4ZDLwfQDwZDK0ZAC0SzJ4SwB4Mvo8lsg8fZY8ZPoAfcgAZJYAS2Q8S2QAMjI8MgA8GTIAGQAAAAAAAAAAACwAAAAABgAFAAAIJAA7cMhwwUKFDRowUJggIQKEBQoSIHjg4EABAgMaMDAgIACAgAAsAAAAAAYABQCH////zf/mm//N/8PmzcPNm8O0af+0acOb/4fNzYe0m4ebaYeCN/+bBf+CN8OCBcNpN4dpBYdQ/0u0zUubm0uC/w+bzQ+Cmw9paUtpaQ9QN0tQBUs3Nw83BQ8eAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACCQAAQQQYIBBgwEEChxw8ABBAgULIESQMIECBg0bKli4kIFDh4AAOw==",
  "a WebP without loss": "UklGRiwAAABXRUJQVlA4TCAAAAAvBQABAJmM6H9sIqL/AYVsI0AHdv5iP8LITEZMAMBKbw==",
};
const TRANSPARENT_GIF =
  "R0lGODlhBgAFAIQAAPrw4cjwyJbwr/q0yMi0r5a0lmTwlmS0ffp4r8h4lpZ4fWR4ZDLwfQDwZDK0ZAC0SzJ4SwB4Mvo8lsg8fZY8ZPoAfcgAZJYAS2Q8S2QAMjI8MgA8GTIAGQAAAAAAAAAAACH5BAEAAB0ALAAAAAAGAAUAAAgkADtwyHDBQoUNGjBQmCAhAoQFChIgeODgQAECAxowMCAgAICAADs=";
const TRANSLUCENT_WEBP = "UklGRi4AAABXRUJQVlA4TCIAAAAvBQABEJmM6H9sIqL/AYVsI0AHdv5iP8LITMYETgCIKXUD";
const TURNED_WEBP =
  "UklGRmAAAABXRUJQVlA4WAoAAAAIAAAABQAABAAAVlA4TCAAAAAvBQABAJmM6H9sIqL/AYVsI0AHdv5iP8LITEZMAMBKb0VYSUYaAAAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA=";
const LOSSY_WEBP =
  "UklGRlQAAABXRUJQVlA4IEgAAADQAQCdASoGAAUAAUAmJbACdAEO/kz1sAD+9Ma71d5nRVX1T0lEpmh8mM1d5QW7/2v+t/4gPn7S/MS/w7+Df/tf/uMt8/OoAAA=";
const ANIMATED_WEBP =
  "UklGRvAAAABXRUJQVlA4WAoAAAACAAAABQAABAAAQU5JTQYAAAAAAAAAAABBTk1GWAAAAAAAAAAAAAUAAAQAAAAAAAJWUDhMQAAAAC8FAAEA70CQbTOEA9Wf7QgjIxBI1sifYb/5r0IKALC7D6AwkiQzdve2jYj+B3AT20ZhUz9EujwuVb7Mx3So6wNBTk1GZAAAAAAAAAAAAAUAAAQAAAAAAABWUDhMSwAAAC8FAAEA70CQbYOwA9Wf7QgG0raNZftv6ArZRoA4dp+/wPnNfxW6BQCA/d0HoDCSJDN297aNiP7HXzVo9mbxit6RnSSnJytwt2g4AAA=";

/** Of 6x5, grey. */
const JPEG =
  "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGBYUGBIUFRT/wAALCAAFAAYBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAABv/EAB4QAAEBCQAAAAAAAAAAAAAAAAEAAgUHCBYiQkNR/9oACAEBAAA/AG8lMEnDSDVukYDoX//Z";

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const colour = (x: number, y: number) => [50 * x, 60 * y, 25 * (x + y)];

/** Red, green and blue, without alpha, of what was decoded. */
async function colours(bytes: Uint8Array): Promise<{ width: number; height: number; pixels: number[][] }> {
  const { width, height, channels, data } = await decodePicture(bytes);
  const pixels = Array.from({ length: width * height }, (_, k) =>
    Array.from(data.subarray(k * channels, k * channels + 3)),
  );
  return { width, height, pixels };
}

const upright = Array.from({ length: 30 }, (_, k) => colour(k % 6, Math.floor(k / 6)));

describe("as Pillow wrote them", () => {
  test.each(Object.entries(WRITTEN))("%s", async (_, base64) => {
    expect(await colours(bytesOf(base64))).toEqual({ width: 6, height: 5, pixels: upright });
  });

  test("a GIF's transparent colour is clear", async () => {
    const { channels, data } = await decodePicture(bytesOf(TRANSPARENT_GIF));
    expect(channels).toBe(4);
    expect(Array.from(data.subarray(0, 8))).toEqual([0, 0, 0, 0, 50, 0, 25, 255]);
  });

  test("a WebP keeps its alpha", async () => {
    const { channels, data } = await decodePicture(bytesOf(TRANSLUCENT_WEBP));
    expect([channels, ...data.subarray(4 * 29)]).toEqual([4, ...colour(5, 4), 128]);
  });

  test("a WebP with loss is near", async () => {
    const { pixels } = await colours(bytesOf(LOSSY_WEBP));
    const off = pixels.map((pixel, k) => Math.abs(pixel[1] - upright[k][1]));
    expect(off.reduce((sum, one) => sum + one, 0) / 30).toBeLessThan(40);
  });

  test("a WebP that EXIF says to turn to the right is turned", async () => {
    const { width, height, pixels } = await colours(bytesOf(TURNED_WEBP));
    expect([width, height]).toEqual([5, 6]);
    expect(pixels[0]).toEqual(colour(0, 4));
    expect(pixels[4]).toEqual(colour(0, 0));
    expect(pixels[29]).toEqual(colour(5, 0));
  });

  test("an animated WebP is refused in a sentence", () =>
    expect(decodePicture(bytesOf(ANIMATED_WEBP))).rejects.toMatchObject({
      name: "InputError",
      message: "It is an animated WebP, which can't be read; save one of its pictures.",
    }));
});

test("GIFs of any size and number of colours, and tables that get full", async () => {
  const sizes = fc.record({
    width: fc.integer({ min: 1, max: 90 }),
    height: fc.integer({ min: 1, max: 90 }),
    bits: fc.integer({ min: 1, max: 8 }),
    mess: fc.nat(50),
  });
  await fc.assert(
    fc.asyncProperty(sizes, async ({ width, height, bits, mess }) => {
      const palette = Uint8Array.from({ length: 3 * 2 ** bits }, (_, k) => (k * 37) % 256);
      const indices = Uint8Array.from({ length: width * height }, (_, k) => (k * k * mess + k) % 2 ** bits);
      const { pixels } = await colours(gifOf({ width, height, palette, indices }));
      expect(pixels).toEqual(
        Array.from(indices, (index) => Array.from(palette.subarray(3 * index, 3 * index + 3))),
      );
    }),
    { seed: 3, numRuns: 25, examples: [[{ width: 90, height: 90, bits: 8, mess: 7 }]] },
  );
});

describe("cut anywhere, or with one byte changed: a picture or one sentence", () => {
  const files: readonly (readonly [string, string])[] = [
    ...Object.entries(WRITTEN),
    ["a turned WebP", TURNED_WEBP],
    ["a lossy WebP", LOSSY_WEBP],
  ];
  test.each(files)("%s", async (_, base64) => {
    const whole = bytesOf(base64);
    for (let length = 12; length < whole.length - 1; length += 7) {
      const cut = decodePicture(whole.subarray(0, length)).then(
        () => "a picture",
        (error: Error) => `${error.name} ${error.message}`,
      );
      // a picture that is followed by others, or by nothing that matters, is whole before the file ends
      expect(await cut).toMatch(/^a picture$|^InputError The .* is damaged: .*\.$/);
    }
    for (let at = 6; at < whole.length; at += 5) {
      const changed = Uint8Array.from(whole);
      changed[at] ^= 0x55;
      const result = decodePicture(changed).then(
        () => "a picture",
        (error: Error) => `${error.name} ${error.message}`,
      );
      expect(await result).toMatch(/^a picture$|^InputError .*\.$/);
    }
  });
});

describe("EXIF's orientations, in a PNG: what the first row and the first column of the file are", () => {
  const [width, height] = [3, 2];
  const value = (x: number, y: number) => 10 * y + x;
  const right = width - 1;
  const bottom = height - 1;
  /** Where the file's row and column lie in the picture that is seen. */
  const places: readonly ((row: number, column: number) => [x: number, y: number])[] = [
    (row, column) => [column, row], // top, left
    (row, column) => [right - column, row], // top, right
    (row, column) => [right - column, bottom - row], // bottom, right
    (row, column) => [column, bottom - row], // bottom, left
    (row, column) => [row, column], // left, top
    (row, column) => [right - row, column], // right, top
    (row, column) => [right - row, bottom - column], // right, bottom
    (row, column) => [row, bottom - column], // left, bottom
  ];

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("%i", async (orientation) => {
    const [w, h] = orientation < 5 ? [width, height] : [height, width];
    const data = Uint8Array.from({ length: 6 }, (_, k) =>
      value(...places[orientation - 1](Math.floor(k / w), k % w)),
    );
    const picture = await decodePicture(
      withExif(encodePng({ width: w, height: h, channels: 1, data }), orientation),
    );
    expect(picture).toMatchObject({ width, height });
    expect(Array.from(picture.data)).toEqual([0, 1, 2, 10, 11, 12]);
  });
});

/** A PNG with a part that says how it is to be turned. */
function withExif(png: Uint8Array, orientation: number): Uint8Array {
  const body = Buffer.concat([
    Buffer.from("eXIfMM\0*"),
    Buffer.from([0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]),
  ]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(body.length - 4, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  const afterHeader = 8 + 25;
  return new Uint8Array(Buffer.concat([png.subarray(0, afterHeader), framed, png.subarray(afterHeader)]));
}

describe("JPEGs that are not quite as they should be", () => {
  const plain = bytesOf(JPEG);
  const marker = (kind: number) => plain.findIndex((byte, k) => byte === 0xff && plain[k + 1] === kind);
  const [jfif, frame, scan] = [0xe0, 0xc0, 0xda].map(marker);
  const changed = (at: number, value: number) => plain.map((byte, k) => (k === at ? value : byte));
  const joined = (...parts: readonly (Uint8Array | readonly number[])[]) =>
    new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part))));

  test.each<[string, Uint8Array]>([
    ["without the mark of its end", plain.subarray(0, -2)],
    ["with zeros instead of it", joined(plain.subarray(0, -2), Array(50).fill(0))],
    ["with other bytes before it", joined(plain.subarray(0, -2), Array(50).fill(7), [0xff, 0xd9])],
    ["with other bytes behind it", joined(plain, Array(50).fill(7))],
    ["with an unknown revision", changed(jfif + 9, 3)],
    ["with a needless number that is wrong", changed(scan + 8, 0)],
  ])("%s: the same picture", async (_, bytes) => {
    expect(await decodePicture(bytes)).toEqual(await decodePicture(plain));
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["pixels that are missing", plain.subarray(0, -3), /^The JPEG is damaged: .*premature end of data/],
    [
      "arithmetic coding",
      changed(frame + 1, 0xc9),
      /^The JPEG has arithmetic coding, which isn't read; open it/,
    ],
    ["no loss", changed(frame + 1, 0xc3), /^The JPEG has a process without loss, .*; open it/],
    ["12 bits", changed(frame + 4, 12), /^The JPEG has 12 bits for each colour, .*; open it/],
  ])("%s: a sentence", async (_, bytes, message) => {
    await expectRefused(decodePicture(bytes), message);
  });
});

describe("EXIF's orientations, in a JPEG", () => {
  const plain = bytesOf(JPEG);
  /** The same with a part that says how it is to be turned, as cameras write it, with either order of bytes. */
  function turned(orientation: number, little: boolean): Uint8Array {
    const block = little
      ? [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]
      : [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
    const part = [0xff, 0xe1, 0, 8 + block.length, ...Buffer.from("Exif\0\0"), ...block];
    return Uint8Array.from([...plain.subarray(0, 2), ...part, ...plain.subarray(2)]);
  }

  test.each([1, 3, 6, 8])("%i", async (orientation) => {
    const { data: before } = await decodePicture(plain);
    for (const little of [false, true]) {
      const { width, height, data } = await decodePicture(turned(orientation, little));
      expect([width, height]).toEqual(orientation < 5 ? [6, 5] : [5, 6]);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const places: Record<number, [number, number]> = {
            1: [x, y],
            3: [5 - x, 4 - y],
            6: [y, 4 - x],
            8: [5 - y, x],
          };
          const [fromX, fromY] = places[orientation];
          expect(data[4 * (y * width + x)]).toBe(before[4 * (fromY * 6 + fromX)]);
        }
      }
    }
  });

  test("a damaged block of EXIF does no harm", async () => {
    const bytes = turned(6, false);
    bytes[2 + 4 + 6 + 4 + 3] = 200; // where its directory begins
    expect(await decodePicture(bytes)).toMatchObject({ width: 6, height: 5 });
  });
});
