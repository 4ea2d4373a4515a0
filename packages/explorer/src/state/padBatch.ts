import type { Model } from "unravel-cnn";
import { type Drawing, emptyDrawing } from "./drawing.js";
import { bytesOf } from "./padBytes.js";
import { type Right, suits } from "./right.js";
import type { Batch } from "./traceBatch.js";

/** The other images of a batch: one of each digit, as many as there are besides one's own. */
const MOST_OTHERS = 9;

/** What the pad gives the network. */
export interface Pad {
  readonly drawing: Drawing;
  /** What is right, if the visitor said it. */
  readonly answer: Right | undefined;
  /** The drawing alone, or with a digit of each other class from the shelf. */
  readonly scope: "image" | "batch";
  readonly shelf: number;
}

/** The images in bytes, the drawing first, and their labels, as far as they are known. */
export function batchOfPad({ drawing, answer, scope, shelf }: Pad, model: Model): Batch {
  const said = answer !== undefined && suits(model, answer) ? answer : undefined; // of this network, not of the last
  const own = said ?? labelOfSample(drawing, model);
  const bytes = bytesOrBlank(drawing, model);
  const others = scope === "batch" ? otherDigits(model, own) : [];
  const images = new Uint8Array(bytes.length * (1 + others.length));
  images.set(bytes);
  for (const [k, digit] of others.entries()) {
    const sample = bytesOf({ base: { kind: "sample", digit, index: shelf }, strokes: [] }, model);
    images.set(sample, bytes.length * (k + 1));
  }
  return { images, labels: [own, ...others.map((digit) => model.classes.indexOf(String(digit)))] };
}

/** A digit of the shelf is what it was drawn to be. */
export function labelOfSample({ base, strokes }: Drawing, model: Model): number | undefined {
  if (base?.kind !== "sample" || strokes.length > 0) return undefined;
  const index = model.classes.indexOf(String(base.digit));
  return index < 0 ? undefined : index;
}

/** The digits that a network has classes for. */
export function digitsOf({ classes }: Model): number[] {
  return [...Array(10).keys()].filter((digit) => classes.includes(String(digit)));
}

function bytesOrBlank(drawing: Drawing, model: Model): Uint8Array {
  try {
    return bytesOf(drawing, model);
  } catch {
    return bytesOf(emptyDrawing, model); // nothing to see in it
  }
}

function otherDigits(model: Model, own: Right = []): number[] {
  return digitsOf(model)
    .filter((digit) => ![own].flat().includes(model.classes.indexOf(String(digit))))
    .slice(0, MOST_OTHERS);
}
