import type { Model } from "unravel-cnn";
import { isAll, isSquare, layersOf, type Share, shareOf, type Window } from "./layers.js";
import { tuple } from "./python.js";

/*
 * What the functions of a program must be able to do, because some layer of its network needs it. What none needs has no place in
 * them: a network whose strides are all 1 gets functions that know no stride.
 */

export interface Style {
  /** Whether strides, dilations and sizes of pools are pairs, since some window isn't square. */
  readonly pairs: boolean;
  /** Whether a padding has four numbers, since sides differ somewhere. */
  readonly sides: boolean;
  readonly conv: {
    readonly used: boolean;
    readonly stride: boolean;
    readonly padding: boolean;
    readonly dilation: boolean;
    readonly groups: boolean;
    readonly bias: Share;
  };
  readonly denseBias: Share;
  readonly maxPool: PoolStyle;
  readonly averagePool: PoolStyle;
  /** Batch normalisation of images, of rows, or of both. */
  readonly norm: {
    readonly images: boolean;
    readonly rows: boolean;
    /** The one eps that all have, or undefined: each has its own. */
    readonly eps: number | undefined;
    readonly momentum: number | undefined;
  };
}

export interface PoolStyle {
  readonly used: boolean;
  /** Whether windows overlap or lie apart somewhere: else the stride is the size. */
  readonly stride: boolean;
  readonly padding: boolean;
}

export function styleOf(model: Model): Style {
  const convs = layersOf(model, "conv2d").map(({ resolved }) => resolved);
  const maxPools = layersOf(model, "maxPool2d").map(({ resolved }) => resolved);
  const averagePools = layersOf(model, "averagePool2d").map(({ resolved }) => resolved);
  const pools = [...maxPools, ...averagePools];
  const dense = layersOf(model, "dense").map(({ resolved }) => resolved);
  const ofImages = layersOf(model, "batchNorm2d").map(({ resolved }) => resolved);
  const ofRows = layersOf(model, "batchNorm1d").map(({ resolved }) => resolved);
  const norms = [...ofImages, ...ofRows];
  const isPair = (window: Window) => ![window.stride, window.dilation].every(isSquare);
  return {
    pairs: [...convs, ...pools].some(isPair) || pools.some(({ kernel }) => !isSquare(kernel)),
    sides: [...convs, ...pools].some(({ padding }) => !isAll(padding, padding[0])),
    conv: {
      used: convs.length > 0,
      stride: convs.some(({ stride }) => !isAll(stride, 1)),
      padding: convs.some(isPadded),
      dilation: convs.some(({ dilation }) => !isAll(dilation, 1)),
      groups: convs.some(({ groups }) => groups > 1),
      bias: shareOf(convs, ({ bias }) => bias),
    },
    denseBias: shareOf(dense, ({ bias }) => bias),
    maxPool: poolStyle(maxPools),
    averagePool: poolStyle(averagePools),
    norm: {
      images: ofImages.length > 0,
      rows: ofRows.length > 0,
      eps: onlyOne(norms.map(({ eps }) => eps)),
      momentum: onlyOne(norms.map(({ momentum }) => momentum)),
    },
  };
}

const poolStyle = (pools: readonly Window[]): PoolStyle => ({
  used: pools.length > 0,
  stride: pools.some(({ kernel, stride }) => String(kernel) !== String(stride)),
  padding: pools.some(isPadded),
});

export const isPadded = ({ padding }: Pick<Window, "padding">): boolean => !isAll(padding, 0);

function onlyOne(numbers: readonly number[]): number | undefined {
  return isAll(numbers, numbers[0]) ? numbers[0] : undefined;
}

/** A stride, a dilation or a size as an argument. */
export const pairArgument = ({ pairs }: Style, pair: readonly number[]): string =>
  pairs ? tuple(pair) : String(pair[0]);

/** A padding as an argument: `1`, or `(top, right, bottom, left)`. */
export const paddingArgument = ({ sides }: Style, padding: readonly number[]): string =>
  sides ? tuple(padding) : String(padding[0]);

/** What stands for the vertical and the horizontal part of an argument, in a function's body. */
export const parts = ({ pairs }: Style, name: string): readonly [string, string] =>
  pairs ? [`${name}_y`, `${name}_x`] : [name, name];

/** What takes pairs apart, in Python. */
export const unpacked = ({ pairs }: Style, ...names: readonly (string | false)[]): string[] =>
  pairs ? names.filter((name) => name !== false).map((name) => `    ${name}_y, ${name}_x = ${name}`) : [];
