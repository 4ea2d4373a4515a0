import { dtypeOf, type NamedTensors, type Tensor, zeros } from "../tensor.js";
import { explainSmooth, type SmoothAccount } from "./explain/smooth.js";
import type { Layer, LayerSpec, ResolvedLayer } from "./layer.js";

/*
 * What sigmoid, tanh, SiLU and GELU have in common: each number of the output is a smooth function of the number at its
 * place, y = f(x). Where x moves a little, y moves f'(x) times as much, so
 *
 *   dx = dy * f'(x)
 *
 * Exponentials come from math.ts, so that the textbook gives the same bits on every machine.
 */

/** A function of one number, and how its values are told of. */
export interface SmoothFunction<Resolved extends ResolvedLayer> extends SmoothAccount<Resolved> {
  value(x: number, layer: Resolved): number;
}

/** All of a layer that follows from its function. */
export function smooth<Resolved extends ResolvedLayer>(
  f: SmoothFunction<Resolved>,
): Pick<
  Layer<LayerSpec, Resolved>,
  "parameters" | "multiplyAdds" | "forward" | "inputGradients" | "parameterGradients" | "explain"
> {
  return {
    parameters: () => [],
    multiplyAdds: () => 0,

    forward(layer, [x]: readonly Tensor[]): Tensor {
      const y = zeros(x.shape, dtypeOf(x));
      for (let k = 0; k < x.data.length; k++) y.data[k] = f.value(x.data[k], layer);
      return y;
    },

    inputGradients(
      layer,
      [x]: readonly Tensor[],
      _parameters: NamedTensors,
      outputGradient: Tensor,
    ): Tensor[] {
      const gradient = zeros(x.shape, dtypeOf(x));
      for (let k = 0; k < x.data.length; k++) {
        gradient.data[k] = outputGradient.data[k] * f.slope(x.data[k], layer);
      }
      return [gradient];
    },

    parameterGradients: () => ({}),

    explain: explainSmooth(f),
  };
}
