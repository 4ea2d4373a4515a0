import { below, PLACES } from "./dice.js";
import type { PassKind } from "./pass.js";

/** Takes a rectangle out of an image, whose place gets the mean of its channel. */
export const erase: PassKind = ({ erase: share = 0 }, [channels, height, width]) => {
  if (share === 0) return undefined;
  const highest = Math.max(1, Math.round(share * height));
  const widest = Math.max(1, Math.round(share * width));
  const plane = height * width;
  return (from, to, key) => {
    const rows = 1 + below(highest, key, PLACES.eraseHeight);
    const columns = 1 + below(widest, key, PLACES.eraseWidth);
    const top = below(height - rows + 1, key, PLACES.eraseY);
    const left = below(width - columns + 1, key, PLACES.eraseX);
    to.set(from);
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let k = c * plane; k < (c + 1) * plane; k++) sum += from[k];
      const mean = Math.floor((2 * sum + plane) / (2 * plane));
      for (let y = top; y < top + rows; y++) {
        const start = c * plane + y * width + left;
        to.fill(mean, start, start + columns);
      }
    }
  };
};
