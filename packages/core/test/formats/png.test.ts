import { crc32, inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Colour, encodePng } from "../../src/formats/png.js";

/** The chunks of a PNG file, whose checksums must be right. */
function chunksOf(bytes: Uint8Array): { readonly type: string; readonly data: Buffer }[] {
  const file = Buffer.from(bytes);
  expect([...file.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [];
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const body = file.subarray(at + 4, at + 8 + length);
    expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.push({ type: body.toString("latin1", 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  return chunks;
}

/** The lines of pixels, each without its filter, which must be none. */
function linesOf(data: Buffer, length: number): number[][] {
  const bytes = inflateSync(data); // it checks the stream's own checksum
  const lines = Array.from({ length: bytes.length / (length + 1) }, (_, y) => [
    ...bytes.subarray(y * (length + 1), (y + 1) * (length + 1)),
  ]);
  expect(new Set(lines.map(([filter]) => filter))).toEqual(new Set([0]));
  return lines.map(([, ...line]) => line);
}

test("a picture of a palette has its pixels, its colours, and a transparent one before them", () => {
  const palette: Colour[] = [
    [1, 2, 3],
    [250, 251, 252],
  ];
  const pixels = { width: 3, height: 2, data: Uint8Array.of(0, 1, 2, 2, 1, 0) };
  const [header, colours, transparency, data, end] = chunksOf(encodePng(pixels, palette));

  expect(header.type).toBe("IHDR");
  expect([...header.data]).toEqual([0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
  expect([colours.type, ...colours.data]).toEqual(["PLTE", 0, 0, 0, 1, 2, 3, 250, 251, 252]);
  expect([transparency.type, ...transparency.data]).toEqual(["tRNS", 0]);
  expect([data.type, end.type]).toEqual(["IDAT", "IEND"]);
  expect(linesOf(data.data, 3)).toEqual([
    [0, 1, 2],
    [2, 1, 0],
  ]);
});

test("a picture in red, green and blue has no palette", () => {
  const pixels = { width: 1, height: 2, data: Uint8Array.of(10, 20, 30, 40, 50, 60) };
  const chunks = chunksOf(encodePng(pixels));

  expect(chunks.map(({ type }) => type)).toEqual(["IHDR", "IDAT", "IEND"]);
  expect(chunks[0].data[9]).toBe(2);
  expect(linesOf(chunks[1].data, 3)).toEqual([
    [10, 20, 30],
    [40, 50, 60],
  ]);
});

describe.each([65_534, 65_535, 65_536, 200_000])("%i bytes of pixels", (length) => {
  test("fit into blocks that are stored", () => {
    const data = Uint8Array.from({ length }, (_, k) => k % 251);
    const [, , , { data: stream }] = chunksOf(encodePng({ width: length, height: 1, data }, [[0, 0, 0]]));
    expect(linesOf(stream, length)[0]).toEqual([...data]);
  });
});
