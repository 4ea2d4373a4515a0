import type { Expression, LoopNest, LoopNestBuilder } from "../../ir/ir.js";
import { add, constant, load, loopNest, pmax } from "../../ir/ir.js";
import type { ResolvedLayer } from "../../layers/layer.js";
import { forEachCell, type View } from "../block.js";
import type { Lowering } from "./lowering.js";

/*
 * Layers that make each number of their output from the numbers at the same place of their inputs. What they compute is
 * all that they have to say; the loops are the same for all. What is computed once and used more than once goes into a
 * variable of the kernel's builder.
 */
export interface Elementwise<Resolved extends ResolvedLayer = ResolvedLayer> {
  /** The output, from the inputs. */
  output(inputs: readonly Expression[], layer: Resolved, b: LoopNestBuilder): Expression;
  /** The gradient of each input, from that of the output and from the numbers that were there forward. */
  gradients(
    numbers: { readonly inputs: readonly Expression[]; readonly y: Expression; readonly dy: Expression },
    layer: Resolved,
    b: LoopNestBuilder,
  ): readonly Expression[];
}

export function elementwise<Resolved extends ResolvedLayer>(
  { output, gradients }: Elementwise<Resolved>,
  rest: Omit<Lowering<Resolved>, "forward" | "backward" | "eachChannel"> = {},
): Lowering<Resolved> {
  return {
    ...rest,
    eachChannel: true,

    addsUpGradients: rest.passesGradient ? undefined : true,

    forward({ layer, resolved, inputs, y, relu }) {
      const kernel = mapCells(`${layer.name}.forward`, inputs, y, (numbers, b) => {
        const value = output(numbers, resolved, b);
        return relu ? pmax(value, constant(0)) : value;
      });
      return [kernel];
    },

    backward({ layer, resolved, inputs, y, dy, comingBack, gradients: targets, leftToNext }) {
      if (leftToNext) return [];
      return targets.flatMap((target, k) =>
        target === undefined || (target === dy && rest.passesGradient)
          ? []
          : [
              loopNest(`${layer.name}.inputGradient${k === 0 ? "" : k + 1}`, (b) =>
                forEachCell(b, y, (cellOf) => {
                  const numbers = {
                    inputs: inputs.map((x) => load(cellOf(x))),
                    y: load(cellOf(y)),
                    dy: comingBack.map((part) => load(cellOf(part))).reduce(add),
                  };
                  b.store(cellOf(target), gradients(numbers, resolved, b)[k]);
                }),
              ),
            ],
      );
    },
  };
}

/** Stores for each cell what is made of the cells of other views at its place. */
export function mapCells(
  name: string,
  inputs: readonly View[],
  y: View,
  output: (numbers: readonly Expression[], b: LoopNestBuilder) => Expression,
): LoopNest {
  return loopNest(name, (b) =>
    forEachCell(b, y, (cellOf) =>
      b.store(
        cellOf(y),
        output(
          inputs.map((x) => load(cellOf(x))),
          b,
        ),
      ),
    ),
  );
}
