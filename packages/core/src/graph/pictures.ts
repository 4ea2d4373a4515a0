import { InputError, inContext, show } from "../errors.js";
import { checkKeys } from "../options.js";
import type { ImageShape } from "../tensor.js";

/** How a picture fills a model's input: cut to it, whole with a border, or pulled to it. */
export const fits = ["cover", "contain", "stretch"] as const;

/** How a picture fills a model's input: `cover` cuts it, `contain` gives it a border, `stretch` pulls it. */
export type Fit = (typeof fits)[number];

/** How pictures of any size became the inputs that a model was trained on, so that others become them in the same way. */
export interface PictureRule {
  /** Width and height of the input. */
  readonly size: readonly [width: number, height: number];
  readonly fit: Fit;
  /** Whether colours were made grey, or there were none: the input has one channel. */
  readonly grey: boolean;
}

/** The rule for a model's input. */
export function pictureRule([channels, height, width]: ImageShape, fit: Fit): PictureRule {
  return { size: [width, height], fit, grey: channels === 1 };
}

/** @throws InputError unless the rule makes inputs of this shape */
export function checkPictureRule(rule: unknown, input: ImageShape): PictureRule | undefined {
  if (rule === undefined) return undefined;
  return inContext('The model spec, "pictures"', () => {
    if (typeof rule !== "object" || rule === null || Array.isArray(rule)) {
      throw new InputError(
        `it must be an object like { "size": [32, 32], "fit": "cover", "grey": false }, not ${show(rule)}`,
      );
    }
    checkKeys(rule, ["size", "fit", "grey"], "key");
    const { size, fit, grey } = rule as Partial<Record<keyof PictureRule, unknown>>;
    const [channels, height, width] = input;
    if (!Array.isArray(size) || size.length !== 2 || size[0] !== width || size[1] !== height) {
      throw new InputError(
        `"size" must be the input's width and height, [${width}, ${height}], ${found(size)}`,
      );
    }
    if (!fits.includes(fit as Fit)) throw new InputError(`"fit" must be ${fits.join(", ")}, ${found(fit)}`);
    if (channels !== 1 && channels !== 3) {
      throw new InputError(`pictures give 1 or 3 channels, but the input has ${channels}; leave it out`);
    }
    if (grey !== (channels === 1)) {
      throw new InputError(
        `"grey" must be ${channels === 1}, because the input has ${channels} channel${channels === 1 ? "" : "s"}, ${found(grey)}`,
      );
    }
    return { size: [width, height], fit: fit as Fit, grey };
  });
}

const found = (value: unknown) => (value === undefined ? "but it is missing" : `not ${show(value)}`);
