import { type Drawing, pixelsOf } from "./drawing.js";
import type { Explorer } from "./explorer.svelte.js";

/** Whether what the network has before it is the visitor's own picture, not another one of a batch. */
export const isOwnPicture = (explorer: Explorer): boolean => !explorer.batch && explorer.image === 0;

/** What the pad shows: always the picture whose numbers the network shows. */
export function onPad(explorer: Explorer): Drawing {
  if (isOwnPicture(explorer)) return explorer.drawing;
  const { shape, data } = explorer.tensor("x");
  const size = data.length / shape[0];
  const own = data.subarray(explorer.image * size, (explorer.image + 1) * size);
  const picture = { shape: [1, ...shape.slice(1)], data: own };
  return { base: pixelsOf(explorer.network.model, picture), strokes: [] };
}
