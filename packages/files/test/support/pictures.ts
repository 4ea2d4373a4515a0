import { encode } from "fast-png";

/** A PNG in colour that no other number gives. */
export function pngOf(number: number, width = 6, height = 5, channels: 1 | 3 = 3): Uint8Array {
  const data = Uint8Array.from(
    { length: width * height * channels },
    (_, k) => (k * (7 + number) + 31 * number + (k % channels) * 50) % 256,
  );
  return new Uint8Array(encode({ width, height, channels, data }));
}

/** Two classes of pictures, `count` of each, in a folder or in the paths of an archive. */
export function twoClasses(count = 5, prefix = "", width = 6, height = 5): Record<string, Uint8Array> {
  return Object.fromEntries(
    ["cat", "dog"].flatMap((name, c) =>
      Array.from({ length: count }, (_, k) => [
        `${prefix}${name}/${k}.png`,
        pngOf(50 * c + k, width, height),
      ]),
    ),
  );
}
