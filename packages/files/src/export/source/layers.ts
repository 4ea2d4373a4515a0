import type { Model, ModelLayer, textbook } from "unravel-cnn";

/* Layers by their types, so that what is written for each kind is a row in a table that lacks none. */

export type LayerType = keyof typeof textbook;

/** A kind's complete options and shapes. */
export type Resolved<Type extends LayerType> = ReturnType<(typeof textbook)[Type]["resolve"]>;

/** A layer of a known kind in its place in a model. */
export type LayerOf<Type extends LayerType> = ModelLayer<Resolved<Type>>;

/** How a window moves over an image: of convolutions and pools. */
export type Window = Pick<Resolved<"conv2d">, "kernel" | "stride" | "dilation" | "padding">;

/** All layers of a kind, in their order. */
export function layersOf<Type extends LayerType>(model: Model, type: Type): LayerOf<Type>[] {
  return model.layers.filter(({ spec }) => spec.type === type) as LayerOf<Type>[];
}

/** A layer's row in a table that has one for each kind. What a row makes of its own kind's layers, it makes of this one. */
export function rowOf<Row>(table: Readonly<Record<LayerType, Row>>, { spec }: ModelLayer): Row {
  return table[spec.type];
}

/** Whether a pair is the same number twice. */
export const isSquare = ([vertical, horizontal]: readonly number[]): boolean => vertical === horizontal;

/** Whether all sides of a padding, or both numbers of a pair, are one number. */
export const isAll = (numbers: readonly number[], one: number): boolean =>
  numbers.every((number) => number === one);

/** `conv1` for `conv1.out`, `x` for the images. */
export const layerName = (tensor: string): string => tensor.replace(/\.out$/, "");

/** Whether something is true of all, of some, or of none. */
export type Share = "all" | "some" | "none";

export function shareOf<T>(all: readonly T[], is: (one: T) => boolean): Share {
  const count = all.filter(is).length;
  return count === 0 ? "none" : count === all.length ? "all" : "some";
}
