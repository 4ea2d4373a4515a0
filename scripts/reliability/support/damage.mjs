/*
 * Ways to damage a file. `below(n)` gives a random whole number from 0 to n - 1.
 */

const INTERESTING = [0, 1, 2, 7, 8, 127, 128, 254, 255];

/** One to four changes: bytes set, turned, filled, cut off, left out, added, copied; in half of the cases near an end. */
export function damageBytes(bytes, below) {
  let result = bytes.slice();
  for (let changes = 1 + below(4); changes > 0 && result.length > 0; changes--) {
    const at = placeIn(result.length, below);
    const what = below(9);
    if (what === 0) result = result.slice(0, at);
    else if (what === 1) result = joined(result.subarray(0, at), result.subarray(at + 1 + below(64)));
    else if (what === 2)
      result = joined(result.subarray(0, at), bytes.subarray(at, at + 9), result.subarray(at));
    else if (what === 3) result.copyWithin(at, below(result.length), below(result.length));
    else if (what === 4) result.fill(255, at, at + 1 + below(8));
    else if (what === 5) result[at] ^= 1 << below(8);
    else if (what === 6 && below(4) === 0) result = result.slice(at);
    else result[at] = below(2) === 0 ? below(256) : INTERESTING[below(INTERESTING.length)];
  }
  return result;
}

function placeIn(length, below) {
  const end = below(4);
  if (end === 0) return below(Math.min(length, 80));
  if (end === 1) return Math.max(0, length - 1 - below(80));
  return below(length);
}

/** @param parts bytes, or lists of numbers */
export function joined(...parts) {
  return new Uint8Array(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
}

/** What may stand anywhere in JSON. */
const VALUES = [
  ...[0, -1, 2.5, 7, 65536, 2 ** 28, 2 ** 32, 2 ** 53 - 1, 1e308, 5e-324],
  ...[null, true, "", "same", "F16", "conv2d", "\u001b[31m", [], [0], [1, 2], [[[[]]]], {}],
  JSON.parse('{"__proto__":{}}'),
];

/** One to three places of a piece of JSON get another value, go, or come twice. */
export function damageJson(json, below) {
  const result = structuredClone(json);
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const places = placesIn(result);
    if (places.length === 0) return result;
    const { parent, key } = places[below(places.length)];
    const what = below(6);
    if (what === 0 && Array.isArray(parent)) parent.splice(key, 1);
    else if (what === 0) delete parent[key];
    else if (what === 1 && Array.isArray(parent)) parent.splice(key, 0, structuredClone(parent[key]));
    else if (what === 1) parent[`${key}x`] = structuredClone(parent[key]);
    else if (what === 2 && typeof parent[key] === "number") parent[key] = -parent[key] * 10 ** below(20);
    else parent[key] = structuredClone(VALUES[below(VALUES.length)]);
  }
  return result;
}

function placesIn(tree) {
  if (typeof tree !== "object" || tree === null) return [];
  return Object.keys(tree).flatMap((key) => [
    { parent: tree, key: Array.isArray(tree) ? Number(key) : key },
    ...placesIn(tree[key]),
  ]);
}
