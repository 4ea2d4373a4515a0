import type { Model, ModelLayer, ModelParameter } from "../graph/model.js";
import { known } from "../known.js";
import { decaysOf, type OptimizerOptions, withoutDecay } from "../optimizers/index.js";
import { sizeOf } from "../tensor.js";
import type { Use } from "./lower/lowering.js";
import { loweringOf } from "./lower/registry.js";

/* All parameters of a network lie in one row, and behind them what layers keep besides. */

/** Where a part of a row begins, and how long it is, in float32 numbers; both multiples of 4. */
export type Stretch = readonly [start: number, length: number];

/** Where things lie in the row, in float32 numbers. */
export interface ParameterRow {
  readonly parameterOffsets: ReadonlyMap<string, number>;
  /** Up to where gradients are added up block by block. */
  readonly slotLength: number;
  readonly parameterLength: number;
  /** With what layers keep besides. */
  readonly rowLength: number;
}

/** Where parameters lie in a row: first those whose gradients are added up in slots, behind all what layers keep besides. */
export function layOutParameters(model: Model, lowered: readonly ModelLayer[], use: Use): ParameterRow {
  const parameterOffsets = new Map<string, number>();
  let length = 0;
  const place = (tensors: readonly Pick<ModelParameter, "fullName" | "shape">[]) => {
    for (const { fullName, shape } of tensors) {
      parameterOffsets.set(fullName, length);
      length += Math.ceil(sizeOf(shape) / 4) * 4;
    }
    return length;
  };
  const forBatch = new Set(
    lowered
      .filter((layer) => loweringOf(layer).isForBatch?.(layer.resolved, use))
      .map(({ name }) => `${name}.weight`),
  );
  const slotLength = place(model.parameters.filter(({ fullName }) => !forBatch.has(fullName)));
  const parameterLength = place(model.parameters.filter(({ fullName }) => forBatch.has(fullName)));
  const rowLength = place(model.state);
  return { parameterOffsets, slotLength, parameterLength, rowLength };
}

/** Parameters that are updated in the same way. */
export interface Group {
  readonly name: string;
  readonly options: OptimizerOptions;
  readonly stretches: readonly Stretch[];
}

/** All parameters in one group, unless weight decay acts on some of them only. */
export function groupsOf(
  { parameters }: Model,
  { parameterOffsets, parameterLength }: ParameterRow,
  options: OptimizerOptions,
): Group[] {
  const others = parameters.filter((parameter) => !decaysOf(options, parameter));
  if (others.length === 0 || options.weightDecay === 0) {
    return [{ name: "update", options, stretches: [[0, parameterLength]] }];
  }
  const spare = others
    .map(
      ({ fullName, shape }): Stretch => [
        known(parameterOffsets.get(fullName)),
        Math.ceil(sizeOf(shape) / 4) * 4,
      ],
    )
    .sort(([a], [b]) => a - b);
  const ends = [0, ...spare.map(([start, length]) => start + length)];
  const starts = [...spare.map(([start]) => start), parameterLength];
  const decaying = ends.map((end, k): Stretch => [end, starts[k] - end]).filter(([, length]) => length > 0);
  return [
    { name: "update", options, stretches: decaying },
    { name: "updateUndecayed", options: withoutDecay(options), stretches: spare },
  ];
}
