import { below, between, PLACES } from "./dice.js";
import type { PassKind } from "./pass.js";
import { isWarped } from "./warp.js";

/** Whole pixels that go elsewhere: shifted, mirrored, cut out. Each row and each column comes from one of the image's. */
export const moves: PassKind = (augmentation, [channels, height, width]) => {
  const { flip = 0, crop = 0 } = augmentation;
  const shift = isWarped(augmentation) ? 0 : (augmentation.shift ?? 0);
  if (shift + flip + crop === 0) return undefined;
  const columns = new Int32Array(width);
  const rows = new Int32Array(height);
  return (from, to, key) => {
    const isFlipped = flip > 0 && below(2, key, PLACES.flip) === 1;
    fill(columns, between(crop, key, PLACES.cropX), isFlipped, between(shift, key, PLACES.shiftX));
    fill(rows, between(crop, key, PLACES.cropY), false, between(shift, key, PLACES.shiftY));
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) {
        const row = (c * height + rows[y]) * width;
        const start = (c * height + y) * width;
        for (let x = 0; x < width; x++) to[start + x] = from[row + columns[x]];
      }
    }
  };
};

/** Where each row or column of the result comes from: first shifted, then mirrored, then cut out. */
function fill(places: Int32Array, crop: number, isFlipped: boolean, shift: number): void {
  const last = places.length - 1;
  for (let k = 0; k <= last; k++) {
    const inBorder = mirrored(k + crop, last);
    const place = (isFlipped ? last - inBorder : inBorder) - shift;
    places[k] = Math.min(last, Math.max(0, place));
  }
}

/** An edge as a mirror, whose own pixels are not doubled. Nothing is moved as far as the other edge. */
function mirrored(place: number, last: number): number {
  return place < 0 ? -place : place > last ? 2 * last - place : place;
}
