import { randomStream } from "unravel-cnn";

/* Files as chance, or somebody who means harm, changes them. */

export interface Dice {
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
}

/** Always the same numbers for a seed. */
export function dice(seed: number, name: string): Dice {
  const stream = randomStream(seed, name);
  let k = 0;
  return { below: (end) => Math.floor(stream.uniform(k++) * end) };
}

const pick = <T>({ below }: Dice, choices: readonly T[]): T => choices[below(choices.length)];

/** Bytes with one to four changes: bits, numbers of any width that are extreme, parts that are missing, doubled or elsewhere. */
export function mutateBytes(bytes: Uint8Array, random: Dice): Uint8Array {
  let result = bytes.slice();
  for (let changes = 1 + random.below(4); changes > 0 && result.length > 16; changes--) {
    const at = random.below(result.length - 8);
    const view = new DataView(result.buffer);
    const other = random.below(result.length - 8);
    const count = random.below(Math.min(64, result.length - Math.max(at, other)));
    pick(random, [
      () => (result[at] ^= 1 << random.below(8)),
      () => (result[at] = pick(random, [0, 1, 2, 0x7f, 0x80, 0xff])),
      () => view.setUint16(at, pick(random, [0, 1, 0x7fff, 0xffff]), true),
      () => view.setUint32(at, pick(random, [0, 1, 2 ** 20, 2 ** 31, 2 ** 32 - 1]), true),
      () =>
        view.setBigUint64(
          at,
          pick(random, [0n, 8n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n, BigInt(other)]),
          true,
        ),
      // addresses of other objects, so that they form circles
      () => view.setBigUint64(at - (at % 8), view.getBigUint64(other - (other % 8), true), true),
      () => result.copyWithin(at, other, other + count),
      () => {
        result = result.slice(0, at + 1);
      },
    ])();
  }
  return result;
}

const HOSTILE: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1,
  0.5,
  1e9,
  2 ** 53,
  1e308,
  "",
  "x",
  "__proto__",
  "constructor",
  [],
  {},
  [[]],
  [null],
  [1, 1],
  [
    [1, 1],
    [1, 1],
  ],
];

/** JSON with one to three changes: values that are others, missing or of another place. */
export function mutateJson(value: unknown, random: Dice): unknown {
  const copy = structuredClone(value);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const places = placesOf(copy);
    if (places.length === 0) break; // nothing is left
    const { holder, key } = pick(random, places);
    const other = pick(random, places);
    pick(random, [
      () => (holder[key] = structuredClone(pick(random, HOSTILE))),
      () => (holder[key] = structuredClone(other.holder[other.key])),
      () => delete holder[key],
      () => Array.isArray(holder) && holder.push(structuredClone(other.holder[other.key])),
      () => {
        const number = holder[key];
        if (typeof number === "number")
          holder[key] = pick(random, [number + 1, number - 1, number * 2, -number]);
      },
    ])();
  }
  return copy;
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesOf(root: unknown): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      places.push({ holder: value as Record<string, unknown>, key });
      visit(inner);
    }
  };
  visit(root);
  return places;
}
