import fc from "fast-check";
import { expect, test } from "vitest";
import { expectSentence } from "../../../test/support/sentence.js";
import { formatModel, InputError, parseModel, sizeOf } from "../src/index.js";
import { safetensorsFile } from "./support/safetensorsFile.js";
import { smallModel } from "./support/smallModel.js";

/*
 * A model file that was damaged at random is either read or refused with a sentence. It never hangs, throws something
 * else or takes much memory.
 */

const sound = formatModel(smallModel());
const headerLength = Number(new DataView(sound.buffer).getBigUint64(0, true));
const header = new TextDecoder().decode(sound.subarray(8, 8 + headerLength));
const data = sound.subarray(8 + headerLength);

const position = fc.nat(sound.length - 1);
const byte = fc.nat(255);
type Damage = (bytes: Uint8Array) => Uint8Array;

/** Damage to bytes wherever they are. */
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(position, byte).map(([at, value]) => (bytes: Uint8Array) => {
    const changed = Uint8Array.from(bytes);
    changed[at] = value;
    return changed;
  }),
  // the length of the header, and the header's beginning
  fc.tuple(fc.nat(24), byte).map(([at, value]) => (bytes: Uint8Array) => {
    const changed = Uint8Array.from(bytes);
    changed[at] = value;
    return changed;
  }),
  position.map((end) => (bytes: Uint8Array) => bytes.subarray(0, end)),
  position.map((begin) => (bytes: Uint8Array) => bytes.subarray(begin)),
  fc.tuple(position, fc.nat(64)).map(
    ([at, count]) =>
      (bytes: Uint8Array) =>
        joined(bytes.subarray(0, at), bytes.subarray(at + count)),
  ),
  fc.tuple(position, fc.uint8Array({ maxLength: 16 })).map(
    ([at, added]) =>
      (bytes: Uint8Array) =>
        joined(bytes.subarray(0, at), added, bytes.subarray(at)),
  ),
);

test("bytes changed, cut off, left out, added", () => {
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
      check(damages.reduce((bytes, change) => change(bytes), sound));
    }),
    { seed: 2, numRuns: 3000 },
  );
});

/** What may stand anywhere in JSON. */
const values = fc.constantFrom<unknown>(
  ...[0, -1, 2.5, 7, 65536, 2 ** 28, 2 ** 32, 2 ** 53 - 1, 1e308],
  ...[null, true, "", "same", "F16", "conv2d", [], [0], [1, 2], [[[[]]]], {}, JSON.parse('{"__proto__":{}}')],
);

test("a header that is JSON, but with something else in it, also in the spec", () => {
  const { __metadata__: metadata, ...tensors } = JSON.parse(header);
  const { "unravel.spec": spec, ...others } = metadata;
  const sound: Tree = { tensors, metadata: others, spec: JSON.parse(spec) };
  const places = placesIn(sound);
  expect(places.length).toBeGreaterThan(80);

  const changes = fc.array(fc.tuple(fc.constantFrom(...places), values), { minLength: 1, maxLength: 2 });
  const outcomes = { read: 0, refused: 0 };
  fc.assert(
    fc.property(changes, (list) => {
      const changed = structuredClone(sound);
      for (const [place, value] of list) put(changed, place, value);
      const { tensors, metadata, spec } = changed;
      const __metadata__ = isTree(metadata)
        ? { ...metadata, "unravel.spec": JSON.stringify(spec) }
        : metadata;
      outcomes[check(safetensorsFile({ ...(tensors as Tree), __metadata__ }, data))]++;
    }),
    { seed: 3, numRuns: 2000 },
  );
  // Both happen: the changes are neither harmless nor hopeless.
  expect(outcomes.read).toBeGreaterThan(20);
  expect(outcomes.refused).toBeGreaterThan(500);
});

/** What JSON holds: an object or a list. */
type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}

/** The keys that lead to each place below the root. */
function placesIn(tree: Tree): string[][] {
  return Object.entries(tree).flatMap(([key, value]) => [
    [key],
    ...(isTree(value) ? placesIn(value).map((place) => [key, ...place]) : []),
  ]);
}

function put(tree: Tree, [key, ...rest]: string[], value: unknown): void {
  const inner = tree[key];
  if (rest.length === 0) tree[key] = value;
  else if (isTree(inner)) put(inner, rest, value);
}

/** Reads a file that may be damaged, and looks at what comes of it. */
function check(bytes: Uint8Array): "read" | "refused" {
  const before = process.resourceUsage().maxRSS;
  try {
    const { parameters } = parseModel(bytes, "F");
    const held = Object.values(parameters).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    expect(4 * held).toBeLessThanOrEqual(2 * bytes.length);
    return "read";
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expectSentence((error as Error).message);
    return "refused";
  } finally {
    const grown = process.resourceUsage().maxRSS - before;
    expect(grown, "KiB of memory for one small file").toBeLessThan(200_000);
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
