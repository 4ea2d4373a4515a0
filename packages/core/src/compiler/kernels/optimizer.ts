import { SMALLEST_NORMAL } from "../../float32.js";
import {
  add,
  at,
  type Buffer,
  binary,
  constant,
  div,
  type Expression,
  type LoopNest,
  type LoopNestBuilder,
  load,
  loopNest,
  madd,
  mul,
  splat,
  sub,
  unary,
} from "../../ir/ir.js";
import { SMALLEST_AVERAGE, smallestParameter } from "../../optimizers/flush.js";
import type { OptimizerOptions } from "../../optimizers/index.js";
import { treeSum } from "../block.js";

/** How many parameters are updated in one call. */
export const CHUNK = 1024;

/** What changes from step to step, as float32 numbers: written before each update. */
export const STEP = { learningRate: 0, correction1: 1, correction2: 2, clipFactor: 3, size: 4 } as const;

/**
 * Adds the gradient slots together, in a fixed tree, into the first one. The kernel works on a chunk of all parameters:
 * its second parameter is where the chunk begins, its third how many vectors it has.
 */
export function reduceSlots(name: string, slots: readonly Buffer[]): LoopNest {
  return loopNest(name, (b) =>
    b.loop("k", "parameter", (k) =>
      b.store(at(slots[0], 0, [k, 4]), treeSum(slots.map((slot) => load(at(slot, 0, [k, 4]))))),
    ),
  );
}

/** A running average of what lies in another row, and how much it keeps of itself in a step: see optimizers/average.ts. */
export interface Averaged {
  readonly row: Buffer;
  readonly ema: number;
}

/** One update of a chunk of all parameters, with the formulas of optimizers/; and of their average, if there is one. */
export function update(
  name: string,
  options: OptimizerOptions,
  parameters: Buffer,
  gradient: Buffer,
  state: readonly Buffer[],
  step: Buffer,
  clip: boolean,
  average?: Averaged,
): LoopNest {
  return loopNest(name, (b) => {
    const rate = b.variable(splat(at(step, STEP.learningRate)));
    const factor = clip ? b.variable(splat(at(step, STEP.clipFactor))) : undefined;
    const corrections = [STEP.correction1, STEP.correction2].map((which) =>
      b.variable(splat(at(step, which))),
    );
    b.loop("k", "parameter", (k) => {
      const place = (buffer: Buffer) => at(buffer, 0, [k, 4]);
      const w = b.variable(load(place(parameters)));
      const raw = load(place(gradient));
      let g: Expression = factor ? mul(raw, factor) : raw;
      if (options.weightDecay !== 0 && options.type !== "adamw")
        g = madd(constant(options.weightDecay), w, g);
      const gradientOf = b.variable(g);
      const direction =
        options.type === "sgd"
          ? sgdDirection(b, options, gradientOf, state.map(place))
          : adamDirection(b, options, gradientOf, state.map(place), corrections);
      const kept =
        options.type === "adamw" ? mul(w, sub(constant(1), mul(rate, constant(options.weightDecay)))) : w;
      const next = sub(kept, mul(rate, direction));
      if (average === undefined) {
        b.store(place(parameters), next);
        return;
      }
      const now = b.variable(next);
      b.store(place(parameters), now);
      averageInto(b, average, place(average.row), now);
    });
  });
}

/** The same for what layers keep besides: a chunk of it goes into its average. */
export function averageState(name: string, row: Buffer, average: Averaged): LoopNest {
  return loopNest(name, (b) =>
    b.loop("k", "parameter", (k) =>
      averageInto(b, average, at(average.row, 0, [k, 4]), load(at(row, 0, [k, 4]))),
    ),
  );
}

/** Rounded operation by operation on every path: no `madd`. */
function averageInto(b: LoopNestBuilder, { ema }: Averaged, place: Place, now: Expression): void {
  const before = b.variable(load(place));
  b.store(place, add(before, mul(constant(1 - ema), sub(now, before))));
}

/**
 * Sets what is too small in a chunk of all parameters, in what the optimizer remembers of it and in its average to zero: see
 * optimizers/flush.ts.
 */
export function flush(
  name: string,
  { weightDecay }: OptimizerOptions,
  parameters: Buffer,
  state: readonly Buffer[],
  average?: Buffer,
): LoopNest {
  const rows: readonly (readonly [Buffer, number])[] = [
    [parameters, smallestParameter(weightDecay)],
    ...state.map((row) => [row, SMALLEST_NORMAL] as const),
    ...(average ? [[average, SMALLEST_AVERAGE] as const] : []),
  ];
  return loopNest(name, (b) =>
    b.loop("k", "parameter", (k) => {
      for (const [buffer, smallest] of rows) {
        const x = b.variable(load(at(buffer, 0, [k, 4])));
        const size = binary("andnot", x, constant(-0)); // without the sign's bit
        // a comparison with what is no number is false, so that it stays
        b.store(at(buffer, 0, [k, 4]), binary("andnot", x, binary("gt", constant(smallest), size)));
      }
    }),
  );
}

type Place = ReturnType<typeof at>;

function sgdDirection(
  b: LoopNestBuilder,
  { momentum, nesterov }: Extract<OptimizerOptions, { type: "sgd" }>,
  g: Expression,
  [velocity]: readonly Place[],
): Expression {
  if (momentum === 0) return g;
  const v = b.variable(madd(constant(momentum), load(velocity), g));
  b.store(velocity, v);
  return nesterov ? madd(constant(momentum), v, g) : v;
}

function adamDirection(
  b: LoopNestBuilder,
  { beta1, beta2, epsilon }: Extract<OptimizerOptions, { type: "adam" | "adamw" }>,
  g: Expression,
  [first, second]: readonly Place[],
  [correction1, correction2]: readonly Expression[],
): Expression {
  const m = b.variable(madd(constant(beta1), load(first), mul(constant(1 - beta1), g)));
  const v = b.variable(madd(constant(beta2), load(second), mul(constant(1 - beta2), mul(g, g))));
  b.store(first, m);
  b.store(second, v);
  return div(div(m, correction1), add(div(unary("sqrt", v), correction2), constant(epsilon)));
}
