import type { Shape, Tensor } from "../../tensor.js";
import { shortName } from "../layerSteps.js";
import type { NetworkLayer } from "../network.js";
import type { Variation } from "../run.js";
import { at, type Mistake } from "./mistake.js";
import { inputGradientWith, only, parameterGradientWith, picked } from "./tools.js";

type Keep = (index: readonly number[], shape: Shape) => boolean;

/** Rows and columns that loops miss: the last ones by a -1 too much, the first ones by starting at 1. */
const EDGES: Keep[] = [
  ([, , i, j], [, , I, J]) => i < I - 1 && j < J - 1,
  ([, , i], [, , I]) => i < I - 1,
  ([, , , j], [, , , J]) => j < J - 1,
  ([, , i, j]) => i > 0 && j > 0,
  ([, , i, j], [, , I, J]) => i > 0 && j > 0 && i < I - 1 && j < J - 1,
];

const without = (t: Tensor, keep: Keep) => only(t, (index) => keep(index, t.shape));

/** Smaller by a row and a column. */
function cropped(t: Tensor): Tensor {
  const [N, C, I, J] = t.shape;
  return picked(t, [N, C, I - 1, J - 1], (index) => index);
}

function atLayer(layer: NetworkLayer): Variation[] {
  const { output, parameters } = layer;
  const [inputGradient] = layer.inputGradients;
  const variations = [at(output, (_, right) => cropped(right()))];
  for (const keep of EDGES) {
    variations.push(
      at(output, (_, right) => without(right(), keep)),
      at(inputGradient, (run) =>
        inputGradientWith(layer, run, { g: without(run.tensor(`grad.${output}`), keep) }),
      ),
      at(inputGradient, (_, right) => without(right(), keep)),
    );
    for (const { name } of parameters) {
      const which = shortName(name);
      variations.push(
        at(`grad.${name}`, (run) =>
          parameterGradientWith(layer, which, run, { g: without(run.tensor(`grad.${output}`), keep) }),
        ),
      );
      if (which === "weight") variations.push(at(`grad.${name}`, (_, right) => without(right(), keep)));
    }
  }
  return variations;
}

export const lastRowLeftOut: Mistake = {
  name: "last-row-left-out",
  why: "A loop over positions ends one too early (or begins one too late), so that a row and a column are missing.",
  fix: "for i in range(H - kh + 1):  # with the + 1",
  variations: ({ layers }) => layers.filter(({ resolved }) => "kernel" in resolved).flatMap(atLayer),
};
