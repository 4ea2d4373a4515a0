import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { expectSentence } from "../../../test/support/sentence.js";
import { crc32 } from "../src/formats/crc32.js";
import { InputError, parseNpy, parseNpz } from "../src/index.js";
import { randomStream } from "../src/random.js";
import { numpyFile } from "./support/numpy.js";

/*
 * Damaged files are read or refused with a sentence: no other error, no endless loop, and no more memory than the file
 * can account for. FUZZ_COUNT and FUZZ_SEED choose how many and which (scripts/fuzz-npz.mjs).
 */

const COUNT = Number(process.env.FUZZ_COUNT ?? 6000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/** What deflate may make of each byte (1032), when a byte becomes a float64 and it is held packed, unpacked and turned. */
const LARGEST_FACTOR = 1100;
/** In files that aren't made to unpack to much: growing, copying, and integers of one byte. */
const USUAL_FACTOR = 40;

type Read = (bytes: Uint8Array) => unknown;
const npz: Read = (bytes) => parseNpz(bytes, "it");
const npy: Read = (bytes) => parseNpy(bytes, "it");

const deflated = numpyFile("deflated.npz");
const sources: { bytes: Uint8Array; read: Read; factor: number }[] = [
  { bytes: small(), read: npz, factor: USUAL_FACTOR },
  { bytes: deflated, read: npz, factor: LARGEST_FACTOR },
  { bytes: numpyFile("version1.npy"), read: npy, factor: USUAL_FACTOR },
  { bytes: numpyFile("version3.npy"), read: npy, factor: USUAL_FACTOR },
  { bytes: numpyFile("fields.npy"), read: npy, factor: USUAL_FACTOR },
];

/** A deflated file of one member, short enough that most damage hits what matters. */
function small(): Uint8Array {
  const bytes = numpyFile("version1.npy");
  const packed = new Uint8Array(deflateRawSync(bytes));
  const name = new TextEncoder().encode("x.npy");
  const file = new Uint8Array(30 + 46 + 22 + 2 * name.length + packed.length);
  const view = new DataView(file.buffer);
  const central = 30 + name.length + packed.length;
  for (const [at, signature, shift] of [
    [0, 0x04034b50, 0],
    [central, 0x02014b50, 2],
  ]) {
    view.setUint32(at, signature, true);
    view.setUint16(at + shift + 8, 8, true);
    view.setUint32(at + shift + 14, crc32(bytes), true);
    view.setUint32(at + shift + 18, packed.length, true);
    view.setUint32(at + shift + 22, bytes.length, true);
    view.setUint16(at + shift + 26, name.length, true);
    file.set(name, at + 30 + (shift === 0 ? 0 : 16));
  }
  file.set(packed, 30 + name.length);
  const end = central + 46 + name.length;
  view.setUint32(end, 0x06054b50, true);
  view.setUint16(end + 10, 1, true);
  view.setUint32(end + 12, end - central, true);
  view.setUint32(end + 16, central, true);
  return file;
}

const INTERESTING = [0, 1, 2, 7, 8, 127, 128, 254, 255];

/** One to four changes: bytes set, cut off, left out, added, copied. */
function damage(bytes: Uint8Array, below: (n: number) => number): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (let changes = 1 + below(4); changes > 0 && result.length > 0; changes--) {
    const at = below(2) === 0 ? below(result.length) : Math.max(0, result.length - 1 - below(80));
    const what = below(8);
    if (what === 0) result = result.slice(0, at);
    else if (what === 1) result = joined(result.subarray(0, at), result.subarray(at + 1 + below(9)));
    else if (what === 2)
      result = joined(result.subarray(0, at), bytes.subarray(at, at + 9), result.subarray(at));
    else if (what === 3) result.copyWithin(at, below(result.length), below(result.length));
    else if (what === 4) result.fill(255, at, at + 1 + below(8));
    else if (what === 5) result[at] ^= 1 << below(8);
    else result[at] = below(2) === 0 ? below(256) : INTERESTING[below(INTERESTING.length)];
  }
  return result;
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Zip members whose checksum would hide the rest get the right one now and then. */
function mend(bytes: Uint8Array): void {
  if (bytes.length < 60 || bytes[0] !== 0x50) return;
  const view = new DataView(bytes.buffer);
  const begin = 30 + view.getUint16(26, true) + view.getUint16(28, true);
  const end = begin + view.getUint32(18, true);
  if (view.getUint16(8, true) !== 0 || end + 46 > bytes.length) return;
  view.setUint32(end + 16, crc32(bytes.subarray(begin, end)), true);
}

test(`${COUNT} damaged files`, { timeout: 0 }, () => {
  const random = randomStream(SEED, "fuzz-npz");
  let next = 0;
  const below = (n: number) => random.below(n, next++);
  const outcomes = { read: 0, refused: 0 };
  const problems = new Set<string>();
  let longest = 0;
  for (let k = 0; k < COUNT; k++) {
    // the long file seldom: it takes a hundred times as long
    const source = sources[k % 50 === 0 ? 1 : [0, 0, 2, 3, 4][below(5)]];
    const bytes = damage(source.bytes, below);
    if (below(2) === 0) mend(bytes);
    const start = performance.now();
    const before = process.memoryUsage().arrayBuffers;
    try {
      source.read(bytes);
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof InputError)) throw new Error(`file ${k} of seed ${SEED}`, { cause: error });
      expectSentence(error.message.replace(/"(\\.|[^"\\])*("|…)/g, '"..."'));
      outcomes.refused++;
      problems.add(error.message.replace(/"[^"]*"|\d+/g, "?").slice(0, 60));
    }
    const allocated = process.memoryUsage().arrayBuffers - before;
    expect(allocated, `bytes for file ${k} of seed ${SEED}`).toBeLessThan(
      source.factor * bytes.length + 20_000,
    );
    longest = Math.max(longest, performance.now() - start);
  }

  if (process.env.FUZZ_COUNT)
    console.log(
      `${outcomes.read} read, ${outcomes.refused} refused, ${problems.size} kinds, longest ${longest.toFixed(0)} ms`,
    );
  expect(longest).toBeLessThan(5000); // nothing goes on and on
  expect(outcomes.read).toBeGreaterThan(COUNT / 100);
  expect(problems.size).toBeGreaterThan(30);
});
