import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { expectInputError, expectSentence } from "../../../../test/support/sentence.js";
import { crc32 } from "../../src/formats/crc32.js";
import { formatZip } from "../../src/formats/zip.js";
import { formatNpy, parseModel, parseNpz, parseSpec } from "../../src/index.js";
import { readIdxFile } from "../../src/node/idxFile.js";
import { readBytes, readIdxFolder } from "../../src/node/index.js";
import { fourFiles, idx, idxImages } from "../support/idxFiles.js";
import { safetensorsFile } from "../support/safetensorsFile.js";

/*
 * Files that unpack to far more than they promise, or promise far more than they hold: each is refused with a sentence, and
 * what is allocated on the way is counted, in bytes of typed arrays.
 */

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "unravel-bombs-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The largest Uint8Array that is made while `work` runs, in bytes. */
async function largestArray(work: () => unknown): Promise<number> {
  let largest = 0;
  const Original = globalThis.Uint8Array;
  vi.stubGlobal(
    "Uint8Array",
    new Proxy(Original, {
      construct(target, args, newTarget) {
        const made = Reflect.construct(target, args, newTarget);
        if (typeof args[0] === "number") largest = Math.max(largest, made.length);
        return made;
      },
    }),
  );
  try {
    await work();
  } finally {
    vi.unstubAllGlobals();
  }
  return largest;
}

const MEGA = 2 ** 20;

test("IDX: what is packed behind the promised bytes is not unpacked", async () => {
  const path = join(folder, "long.gz");
  await writeFile(path, gzipSync(idx(0x803, [1, 28, 28], new Uint8Array(32 * MEGA))));

  const largest = await largestArray(() =>
    expectInputError(
      () => readIdxFile(path, "images"),
      /long\.gz: its header promises 1 x 28 x 28 = 784 bytes of images, but more follow: the file is too long; get it/,
    ),
  );
  expect(largest).toBeLessThan(4 * 784 + 64);
});

test("IDX: a header that promises more than the file can hold takes no memory", async () => {
  for (const [name, bytes] of [
    ["overflow.gz", gzipSync(idx(0x803, [0xffffffff, 0xffffffff, 0xffffffff], new Uint8Array(9)))],
    ["overflow", idx(0x803, [0xffffffff, 0xffffffff, 0xffffffff], new Uint8Array(9))],
    ["cut.gz", gzipSync(idx(0x803, [60_000, 28, 28], new Uint8Array(9)))],
  ] as const) {
    await writeFile(join(folder, name), bytes);
    const largest = await largestArray(async () => {
      expect(await readIdxFile(join(folder, name), "images"), name).toHaveLength(25);
    });
    expect(largest, name).toBeLessThanOrEqual(1032 * bytes.length);
  }
});

test("IDX: packed, a file whose header promises 4 GB is not unpacked, however much is in it", async () => {
  const path = join(folder, "huge.gz");
  const noise = randomBytes(2.2 * MEGA); // enough for deflate to make 2 GiB of
  await writeFile(path, gzipSync(idx(0x803, [60_000, 256, 256], noise)));
  const largest = await largestArray(() =>
    expectInputError(
      () => readIdxFile(path, "images"),
      /promises 60000 x 256 x 256 = 3932160000 bytes of images, but a file may have 2147483647 bytes: the file is too long/,
    ),
  );
  expect(largest).toBeLessThan(MEGA);
});

test.each([
  [
    "several gzip members are one file",
    [idxImages(3, 2, 4).subarray(0, 9), idxImages(3, 2, 4).subarray(9)],
    [],
  ],
  ["zeros behind the gzip data are filling", [idxImages(3, 2, 4)], new Uint8Array(40)],
])("IDX: %s", async (_, members, behind) => {
  const path = join(folder, "members.gz");
  await writeFile(path, Buffer.concat([...members.map((part) => gzipSync(part)), Uint8Array.from(behind)]));
  expect(await readIdxFile(path, "images")).toEqual(idxImages(3, 2, 4));
});

test.each([
  ["bytes of something else behind it", [1, 2, 3, 4], /the gzip data is damaged \([a-z ]+\)/],
  ["one more member", [...gzipSync(Uint8Array.of(7))], /but more follow: the file is too long/],
  [
    "a member that is cut short",
    [...gzipSync(new Uint8Array(0)).subarray(0, 12)],
    /the gzip data is damaged \(unexpected end/,
  ],
])("IDX: %s: refused", async (_, behind, message) => {
  const path = join(folder, "behind.gz");
  await writeFile(path, Buffer.concat([gzipSync(idxImages(3, 2, 4)), Uint8Array.from(behind)]));
  await expectInputError(() => readIdxFile(path, "images"), message);
});

test("IDX: a folder of four sound files is read through gzip and without", async () => {
  for (const [name, bytes] of Object.entries(fourFiles({ "t10k-images-idx3-ubyte": idxImages(2, 2, 4) })))
    await writeFile(join(folder, name), bytes as Uint8Array);
  const { train, test: tested } = await readIdxFolder(folder);
  expect([train.images.length, tested.images.length]).toEqual([24, 16]);
});

/** A .npz file with one deflated member, and what the directory says of its size. */
function npz(content: Uint8Array, size = content.length): Uint8Array {
  const packed = new Uint8Array(deflateRawSync(content));
  const file = formatZip([{ name: "x.npy", bytes: packed }]);
  const view = new DataView(file.buffer);
  const central = file.length - 22 - 46 - 5;
  view.setUint16(8, 8, true);
  view.setUint16(central + 10, 8, true);
  view.setUint32(central + 16, crc32(content), true);
  view.setUint32(central + 24, size, true);
  return file;
}

/** A .npy file whose header promises ten numbers, and many zeros behind it. */
const lying = (() => {
  const honest = formatNpy({ shape: [10], data: new Float64Array(10) });
  const bytes = new Uint8Array(16 * MEGA);
  bytes.set(honest);
  return bytes;
})();

test("npz: a member is unpacked only if its header promises as much as the directory", async () => {
  const file = npz(lying);
  const largest = await largestArray(() =>
    expectInputError(
      () => parseNpz(file, "it"),
      /"x\.npy": float64 of shape \[10\] needs 80 bytes, but .* has 16777088/,
    ),
  );
  expect(largest).toBeLessThan(1000);
});

test("npz: a small file may not unpack to more than 256 MiB, whatever its headers say", async () => {
  const file = npz(lying, 2 ** 28 + 1);
  // enough packed bytes for the size to be possible
  const padded = npz(
    Uint8Array.from({ length: 400_000 }, (_, k) => (k * k * 7919) >> 3),
    2 ** 28 + 1,
  );
  for (const bytes of [file, padded]) {
    await expectInputError(
      () => parseNpz(bytes, "it"),
      /would unpack to 268435457 bytes, more than the limit of 268435456 for a file of \d+; save less, or with np\.savez/,
    );
  }
});

test("npz: a large file may not unpack to more than 1 GiB", async () => {
  const file = npz(new Uint8Array(9), 2 ** 30 + 1);
  const before = 2 ** 28; // nothing is written there, so it takes no memory
  const bytes = new Uint8Array(before + file.length);
  bytes.set(file.subarray(0, 2));
  bytes.set(file, before);
  const place = bytes.length - 22 + 16; // where the directory begins
  const view = new DataView(bytes.buffer);
  view.setUint32(place, view.getUint32(place, true) + before, true);
  await expectInputError(
    () => parseNpz(bytes, "it"),
    /would unpack to 1073741825 bytes, more than the limit of 1073741824 for a file of \d+; save less/,
  );
});

test("npz: an array in Fortran order is turned where it is read: twice its size in all", async () => {
  const shape = [100, 2000];
  const data = Float64Array.from({ length: 200_000 }, (_, k) => k);
  const bytes = formatNpy({ shape, data });
  const text = new TextDecoder("latin1").decode(bytes.subarray(10, 128));
  bytes.set(new TextEncoder().encode(text.replace("False", "True ")), 10);
  const made: number[] = [];
  const Original = globalThis.Float64Array;
  vi.stubGlobal(
    "Float64Array",
    new Proxy(Original, {
      construct(target, args, newTarget) {
        const array = Reflect.construct(target, args, newTarget);
        made.push(array.length);
        return array;
      },
    }),
  );
  let x: ArrayLike<number>;
  try {
    x = parseNpz(npz(bytes), "it").x.data;
  } finally {
    vi.unstubAllGlobals();
  }
  expect(made).toEqual([200_000]);
  expect([x[0], x[1], x[2000]]).toEqual([0, 100, 1]);
});

test("npz: 20,000 members are read, and overlapping ones refused", async () => {
  const member = formatNpy({ shape: [1], data: Float32Array.of(3) });
  const many = formatZip(Array.from({ length: 20_000 }, (_, k) => ({ name: `a${k}.npy`, bytes: member })));
  expect(Object.keys(parseNpz(many, "it"))).toHaveLength(20_000);
});

test.each([
  [
    "more than 2^53 numbers",
    [2 ** 40, 2 ** 40],
    /needs 9671406556917033397649408 bytes|needs 9\.67\d*e\+24 bytes/,
  ],
  ["a dimension of 0 with numbers behind it", [0, 2 ** 40], /needs 0 bytes, but from byte 128 on it has 80/],
])("npz: a shape of %s", async (_, shape, message) => {
  const bytes = formatNpy({ shape: [10], data: new Float64Array(10) });
  const text = new TextDecoder("latin1").decode(bytes.subarray(10, 128));
  const changed = text.replace(/\(10,\), \}\s*/, `(${shape.join(", ")}), }`).padEnd(117);
  bytes.set(new TextEncoder().encode(`${changed}\n`), 10);
  await expectInputError(() => parseNpz(npz(bytes), "it"), message);
});

test("JSON: a spec or a header of a million brackets is refused before it is taken apart", async () => {
  for (const brackets of ["[".repeat(2 ** 20 + 1), `[${"[],".repeat(2 ** 19)}[]]`]) {
    await expectInputError(() => parseSpec(`{"input":${brackets}}`), /has more than a million values/);
    await expectInputError(
      () => parseModel(safetensorsFile(`{"x":${brackets}}`), "F"),
      /^F: its header has more than a million values/,
    );
  }
  await expectInputError(
    () => parseSpec(`{"input":"${"x".repeat(2 ** 26)}"}`),
    /^The model spec has 67108876 characters, more than the limit of 67108864; make it shorter\.$/,
  );
  // what is in texts doesn't count
  expect(parseSpec(JSON.stringify({ input: "[".repeat(2 ** 20 + 1) })).input).toHaveLength(2 ** 20 + 1);
});

test("a file is read if it has no more bytes than are wanted", async () => {
  const path = join(folder, "file");
  await writeFile(path, new Uint8Array(1000));
  expect(await readBytes(path, 1000)).toHaveLength(1000);
  await expectInputError(
    () => readBytes(path, 999),
    /file: it has more than the 999 bytes that are read; give/,
  );
});

test("what is no regular file is read up to a bound", async () => {
  const error = await readBytes("/dev/zero", 1000).catch((error: Error) => error);
  expect((error as Error).message).toBe(
    "/dev/zero: it has more than the 1000 bytes that are read; give a smaller file.",
  );
  expectSentence((error as Error).message);
});
