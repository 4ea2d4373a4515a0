import type { Fit } from "unravel-cnn";

/** What a module tells of its network. */
export interface ModelFacts {
  readonly name: string;
  /** When it was exported, as `2026-01-31`. */
  readonly exported: string;
  readonly parameters: number;
  readonly multiplyAdds: number;
  readonly weights: "f32" | "f16" | "int8";
  /** The share of right answers on a test set, and which, if that was measured. */
  readonly accuracy: { readonly share: number; readonly data: string; readonly images: number } | undefined;
}

/** What an exported module carries: plain data that can stand in it as JSON. */
export interface Facts {
  readonly model: ModelFacts;
  readonly classes: readonly string[];
  /** `[C, H, W]` */
  readonly inputShape: readonly [channels: number, height: number, width: number];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** A key of `probabilities`. */
  readonly loss: string;
  /** How pictures fill the input, if the model says so. */
  readonly fit: Fit | undefined;
  readonly pages: number;
  readonly one: PackedPass;
  /** Undefined: the same. */
  readonly many: PackedPass | undefined;
  readonly tensors: readonly PackedTensor[];
  /** The lengths of what the text holds, in bytes, each compressed by itself: first the WebAssembly module. */
  readonly parts: readonly (readonly [unpacked: number, packed: number])[];
  readonly text: string;
}

/**
 * A `ForwardPass` in a row. Its kernels are `k` and a number, from `first` on: those that prepare, the one that loads, and the
 * others up to before `end`.
 */
export type PackedPass = readonly [
  block: number,
  workspace: number,
  bytes: number,
  x: number,
  plane: number,
  row: number,
  column: number,
  scores: number,
  stride: number,
  first: number,
  load: number,
  end: number,
  minusInfinity: readonly (readonly [offset: number, length: number])[],
];

/**
 * Where numbers belong in the memory, how many there are, and how many rows with a scale of their own they have; 0: they are
 * kept as float32, whatever other weights are kept as.
 */
export type PackedTensor = readonly [offset: number, length: number, rows: number];
