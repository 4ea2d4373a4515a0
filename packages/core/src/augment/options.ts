import { InputError, show } from "../errors.js";
import { type Check, checkKeys, kindOf, whole } from "../options.js";
import type { ImageShape } from "../tensor.js";

/** How images may be changed by chance each time they are trained on. `true` stands for the usual amount. */
export interface AugmentOptions {
  /** Moved by up to so many whole pixels, across and down; what comes in repeats the edge. Usually 2. */
  readonly shift?: number | boolean | undefined;
  /** Turned by up to so many degrees, to either side. Usually 10. */
  readonly rotate?: number | boolean | undefined;
  /** Made larger or smaller by up to this share. Usually 0.1. */
  readonly scale?: number | boolean | undefined;
  /** Slanted by up to so many degrees. Usually 5. */
  readonly shear?: number | boolean | undefined;
  /** Mirrored, left to right, half of the time. */
  readonly flip?: number | boolean | undefined;
  /** As if cut from an image with a mirrored border of so many pixels. Usually 4. */
  readonly crop?: number | boolean | undefined;
  /** A rectangle, each side up to this share of the image's, becomes the mean colour. Usually 0.4. */
  readonly erase?: number | boolean | undefined;
  /** Bent like rubber, by up to so many pixels. Usually 1.5. */
  readonly elastic?: number | boolean | undefined;
  /** Made lighter or darker by up to this share of white. Usually 0.2. */
  readonly brightness?: number | boolean | undefined;
  /** Differences from the middle grey made larger or smaller by up to this share. Usually 0.2. */
  readonly contrast?: number | boolean | undefined;
}

/** A kind of change: `rotate`, `shift`, `flip`, ... */
export type AugmentName = keyof AugmentOptions;

/** Options, or what suits most digits (grey images) or photographs (coloured ones). */
export type AugmentSpec = "auto" | AugmentOptions;

/** What is done to images, and how much: only what does something. */
export type Augmentation = Readonly<Partial<Record<AugmentName, number>>>;

interface AugmentKind {
  readonly usual: number;
  readonly check: Check;
  /** For people. */
  readonly words: string;
}

const upTo = (largest: number, isIncluded: boolean, unit: string): Check => {
  return (name, value) => {
    const fits = typeof value === "number" && value >= 0 && (isIncluded ? value <= largest : value < largest);
    if (fits) return;
    throw new InputError(
      `${name} must be a number ${unit}from 0 to ${isIncluded ? "" : "below "}${largest}, not ${show(value)}`,
    );
  };
};

/** All that can be done to images. */
export const augmentKinds: Readonly<Record<AugmentName, AugmentKind>> = {
  shift: { usual: 2, check: whole(0), words: "moved by up to so many pixels" },
  rotate: { usual: 10, check: upTo(180, true, "of degrees "), words: "turned by up to so many degrees" },
  scale: { usual: 0.1, check: upTo(0.9, true, ""), words: "larger or smaller by up to this share" },
  shear: { usual: 5, check: upTo(60, true, "of degrees "), words: "slanted by up to so many degrees" },
  flip: { usual: 1, check: whole(0, 1), words: "mirrored, half of the time" },
  crop: { usual: 4, check: whole(0), words: "moved by up to so many pixels, with mirrored edges" },
  erase: {
    usual: 0.4,
    check: upTo(1, true, ""),
    words: "a rectangle of up to this share of each side taken out",
  },
  elastic: { usual: 1.5, check: upTo(100, true, "of pixels "), words: "bent by up to so many pixels" },
  brightness: { usual: 0.2, check: upTo(1, true, ""), words: "lighter or darker by up to this share" },
  contrast: { usual: 0.2, check: upTo(1, true, ""), words: "more or less contrast by up to this share" },
};

/** All kinds of changes. */
export const augmentNames = Object.keys(augmentKinds) as AugmentName[];

/** For a table of checks: whether it is such a spec; `resolveAugment` looks at how it fits the images. */
export const augmentCheck: Check = (name, value) => {
  if (value === "auto") return;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError(
      `${name} must be "auto" or options like { shift: 2, flip: true }, not ${kindOf(value)}`,
    );
  }
  checkKeys(value, augmentNames, `option of ${name}`);
  for (const [option, amount] of Object.entries(value)) {
    if (amount === undefined || typeof amount === "boolean") continue;
    augmentKinds[option as AugmentName].check(`${name}.${option}`, amount);
  }
};

/** Images of more pixels in a row or a column are not changed: places in them are numbers of 16 bits before the point. */
const LONGEST_SIDE = 8192;

/**
 * What is done to images of this shape; undefined if it is nothing.
 * @throws InputError, which is no sentence yet, if it is no augmentation, or more than such images bear
 */
export function resolveAugment(spec: AugmentSpec | undefined, shape: ImageShape): Augmentation | undefined {
  if (spec === undefined) return undefined;
  augmentCheck("augment", spec);
  const [, height, width] = shape;
  const side = Math.min(height, width);
  const options = spec === "auto" ? usualFor(shape) : spec;
  const amounts = augmentNames.flatMap((name): [AugmentName, number][] => {
    const given = options[name] ?? false;
    const amount = given === true ? augmentKinds[name].usual : Number(given);
    return amount === 0 ? [] : [[name, amount]];
  });
  for (const [name, amount] of amounts) {
    if ((name === "shift" || name === "crop") && amount >= side) {
      throw new InputError(`augment.${name} must be below ${side}, the images' smaller side, not ${amount}`);
    }
  }
  if (amounts.length === 0) return undefined;
  if (Math.max(height, width) > LONGEST_SIDE) {
    throw new InputError(
      `images of ${height}x${width} pixels can't be augmented; at most ${LONGEST_SIDE} a side can`,
    );
  }
  return Object.fromEntries(amounts);
}

/** Grey images are taken for digits or letters, which mirrored are others; coloured ones for photographs. */
function usualFor([channels, height, width]: ImageShape): AugmentOptions {
  const side = Math.min(height, width);
  if (channels > 1) return { flip: true, crop: Math.min(side - 1, Math.max(1, Math.round(side / 8))) };
  return { shift: Math.min(side - 1, Math.max(1, Math.round(side / 14))), rotate: 10, scale: 0.1, shear: 5 };
}
