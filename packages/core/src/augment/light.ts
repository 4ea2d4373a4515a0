import { PLACES, symmetric } from "./dice.js";
import type { PassKind } from "./pass.js";

const MIDDLE = 127.5;
const WHITE = 255;

/** Brightness and contrast: every byte becomes another one, by a table that is made for the image. */
export const light: PassKind = ({ brightness = 0, contrast = 0 }) => {
  if (brightness + contrast === 0) return undefined;
  const table = new Uint8Array(256);
  return (from, to, key) => {
    const factor = 1 + contrast * symmetric(key, PLACES.contrast);
    const middle = MIDDLE + WHITE * brightness * symmetric(key, PLACES.brightness);
    for (let value = 0; value <= WHITE; value++) {
      table[value] = Math.min(WHITE, Math.max(0, Math.floor((value - MIDDLE) * factor + middle + 0.5)));
    }
    for (let k = 0; k < from.length; k++) to[k] = table[from[k]];
  };
};
