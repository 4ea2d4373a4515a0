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
    { seed: 2, numRuns: 4000 },
  );
});

/** Texts that may stand for a number or a text in JSON. */
const values = fc.constantFrom(
  ...["0", "-1", "2.5", "7", "65536", "268435456", "4294967296", "9007199254740991", "1e308", "1e999"],
  ...["null", "true", '""', '"same"', '"F16"', "[]", "[0]", "[[[[]]]]", "{}", '{"__proto__":{}}'],
);

test("a header that is JSON, but with other numbers and texts, also in the spec", () => {
  const places = [...header.matchAll(/(?<=[[:,])(\d[\d.]*|\\?"[^"\\]*\\?"|true|false)(?=[\],}])/g)];
  expect(places.length).toBeGreaterThan(50);
  const changes = fc.array(fc.tuple(fc.nat(places.length - 1), values), { minLength: 1, maxLength: 3 });
  const outcomes = { read: 0, refused: 0 };
  fc.assert(
    fc.property(changes, (list) => {
      let text = header;
      // from the last place to the first, so that the places before stay where they are
      for (const [place, value] of list.sort(([a], [b]) => b - a)) {
        const { index, 0: old } = places[place];
        const quoted = old.startsWith("\\") ? value.replaceAll('"', '\\"') : value;
        text = text.slice(0, index) + quoted + text.slice(index + old.length);
      }
      outcomes[check(safetensorsFile(text, data))]++;
    }),
    { seed: 3, numRuns: 4000 },
  );
  // Both happen: the changes are neither harmless nor hopeless.
  expect(outcomes.read).toBeGreaterThan(20);
  expect(outcomes.refused).toBeGreaterThan(1000);
});

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
