import { type Fit, fits, InputError } from "unravel-cnn";

/** What pictures are to become. */
export interface PictureTarget {
  /** Undefined: chosen from the pictures. */
  readonly size: readonly [width: number, height: number] | undefined;
  readonly fit: Fit;
  /** One channel, or three; undefined: one if no picture has colours. */
  readonly grey: boolean | undefined;
}

export interface TargetOptions {
  /** Width and height that pictures are made to, or one number for both; default: theirs if all have the same, else one that suits. */
  readonly size?: number | readonly [width: number, height: number] | undefined;
  /** How a picture of another shape fills that; default `cover`, which cuts its edges off. */
  readonly fit?: Fit | undefined;
  /** Make grey what has colours; false: three channels in any case. Default: one channel if no picture has colours. */
  readonly grey?: boolean | undefined;
}

/** Larger images than anyone trains on here. */
const LARGEST_SIZE = 1024;

/** @throws InputError for an option that can't be */
export function targetOf({ size, fit = "cover", grey }: TargetOptions): PictureTarget {
  if (!fits.includes(fit)) {
    throw new InputError(`fit must be ${fits.join(", ")}, not ${JSON.stringify(fit)}.`);
  }
  const sides = typeof size === "number" ? ([size, size] as const) : size;
  for (const side of sides ?? []) {
    if (!Number.isInteger(side) || side < 1 || side > LARGEST_SIZE) {
      throw new InputError(
        `size must be whole numbers from 1 to ${LARGEST_SIZE}, not ${JSON.stringify(size)}.`,
      );
    }
  }
  return { size: sides, fit, grey };
}
