import type { AnyLayerSpec } from "../layers/index.js";

/*
 * What layers are called in people's files. The library's own names come first; the others are those of books, courses and other
 * libraries. A layer keeps the name that it has in the file.
 */

/** How layers of a prefix are guessed: where they stand and what they may compute. */
export type Family = "convolution" | "activation" | "pool" | "global pool" | "between" | "flatten" | "dense";

export interface NamedKind {
  readonly family: Family;
  /** What such a layer computes, if nothing speaks against it. */
  readonly type: AnyLayerSpec["type"];
  /** Whether the name says so little that the numbers decide between the kinds of its family. */
  readonly open?: true;
}

const kind = (family: Family, type: AnyLayerSpec["type"], open?: true): NamedKind => ({
  family,
  type,
  ...(open && { open }),
});

/** By what the names of layers begin with, before their number. */
export const namedKinds: Readonly<Record<string, NamedKind>> = {
  conv: kind("convolution", "conv2d"),
  relu: kind("activation", "relu", true),
  act: kind("activation", "relu", true),
  activation: kind("activation", "relu", true),
  leaky: kind("activation", "leakyRelu"),
  lrelu: kind("activation", "leakyRelu"),
  leakyrelu: kind("activation", "leakyRelu"),
  clip: kind("activation", "relu6"),
  sigmoid: kind("activation", "sigmoid"),
  sig: kind("activation", "sigmoid"),
  tanh: kind("activation", "tanh"),
  silu: kind("activation", "silu"),
  swish: kind("activation", "silu"),
  gelu: kind("activation", "gelu"),
  pool: kind("pool", "maxPool2d", true),
  maxpool: kind("pool", "maxPool2d"),
  avgpool: kind("pool", "averagePool2d"),
  averagepool: kind("pool", "averagePool2d"),
  meanpool: kind("pool", "averagePool2d"),
  gap: kind("global pool", "globalAveragePool2d"),
  norm: kind("between", "batchNorm2d"),
  bn: kind("between", "batchNorm2d"),
  batchnorm: kind("between", "batchNorm2d"),
  dropout: kind("between", "dropout"),
  drop: kind("between", "dropout"),
  flatten: kind("flatten", "flatten"),
  flat: kind("flatten", "flatten"),
  fc: kind("dense", "dense"),
};

/** The family of a layer that is called so, such as `relu1`; undefined for other names. */
export function kindOfName(name: string): NamedKind | undefined {
  const [, prefix = ""] = /^([a-z]+)\d*$/.exec(name) ?? [];
  return Object.hasOwn(namedKinds, prefix) ? namedKinds[prefix] : undefined;
}
