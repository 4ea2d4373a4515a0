import { power } from "../math.js";
import { checkDecay, checkRange, checkScale, type Decay, type Optimizer } from "./optimizer.js";

/**
 * Adam scales the step of each number by how large its gradients usually are: it keeps a running mean m of the gradients
 * and v of their squares, both corrected for their start at zero, and steps by m / (sqrt(v) + epsilon)
 * (D. Kingma, J. Ba, 2015). `adam` adds weight decay to the gradient; `adamw` shrinks the parameter itself
 * (I. Loshchilov, F. Hutter, 2019). As `torch.optim.Adam` and `AdamW`.
 */
export interface AdamOptions<Type extends "adam" | "adamw" = "adam" | "adamw"> {
  readonly type: Type;
  /** In [0, 1); default 0.9: how long m remembers. */
  readonly beta1: number;
  /** In [0, 1); default 0.999: how long v remembers. */
  readonly beta2: number;
  /** Above 0; default 1e-8. */
  readonly epsilon: number;
  /** Default 0 for adam and 0.01 for adamw. */
  readonly weightDecay: number;
  /** Default `all`, as PyTorch does where its parameters are one group. */
  readonly decay: Decay;
}

/** What m and the root of v are divided by in step number `step`, counted from 1: both means start at zero. */
export function adamCorrections(
  { beta1, beta2 }: Pick<AdamOptions, "beta1" | "beta2">,
  step: number,
): readonly [ofMean: number, ofRoot: number] {
  return [1 - power(beta1, step), Math.sqrt(1 - power(beta2, step))];
}

function adamKind<Type extends "adam" | "adamw">(type: Type): Optimizer<AdamOptions<Type>> {
  return {
    resolve({
      beta1 = 0.9,
      beta2 = 0.999,
      epsilon = 1e-8,
      weightDecay = type === "adamw" ? 0.01 : 0,
      decay = "all",
    }) {
      checkRange("beta1", beta1, 0, 1);
      checkRange("beta2", beta2, 0, 1);
      checkScale("epsilon", epsilon, false); // without one the step of a parameter that has no gradient is 0 / 0
      checkScale("weight decay", weightDecay);
      checkDecay(type, decay);
      return { type, beta1, beta2, epsilon, weightDecay, decay };
    },

    stateCount: () => 2,

    update(options, parameter, gradient, [m, v], { step, learningRate }) {
      const { beta1, beta2, epsilon, weightDecay } = options;
      const [correction1, correction2] = adamCorrections(options, step);
      const decayGradient = type === "adam" ? weightDecay : 0;
      const keep = type === "adamw" ? 1 - learningRate * weightDecay : 1;
      for (let k = 0; k < parameter.length; k++) {
        const g = gradient[k] + decayGradient * parameter[k];
        m[k] = beta1 * m[k] + (1 - beta1) * g;
        v[k] = beta2 * v[k] + (1 - beta2) * g * g;
        const direction = m[k] / correction1 / (Math.sqrt(v[k]) / correction2 + epsilon);
        parameter[k] = keep * parameter[k] - learningRate * direction;
      }
    },
  };
}

export const adam = adamKind("adam");
export const adamw = adamKind("adamw");
