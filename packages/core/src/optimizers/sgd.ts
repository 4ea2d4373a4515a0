import { InputError, inContext } from "../errors.js";
import { trueOrFalse } from "../options.js";
import { checkDecay, checkRange, checkScale, type Decay, type Optimizer } from "./optimizer.js";

/**
 * Stochastic gradient descent: a step against the gradient. With momentum m the step follows a running sum of the
 * gradients, v <- m v + g; with Nesterov's variant it looks one step ahead, g + m v. Weight decay adds a pull towards
 * zero to the gradient. As `torch.optim.SGD` (I. Sutskever et al., 2013, in the form where v isn't scaled by the
 * learning rate).
 */
export interface SgdOptions {
  readonly type: "sgd";
  /** In [0, 1); default 0.9. */
  readonly momentum: number;
  /** Default false. */
  readonly nesterov: boolean;
  /** Default 0. */
  readonly weightDecay: number;
  /** Default `all`, as PyTorch does where its parameters are one group. */
  readonly decay: Decay;
}

export const sgd: Optimizer<SgdOptions> = {
  resolve({ momentum = 0.9, nesterov = false, weightDecay = 0, decay = "all" }) {
    checkRange("momentum", momentum, 0, 1);
    checkScale("weight decay", weightDecay);
    checkDecay("sgd", decay);
    inContext("The optimizer sgd", () => trueOrFalse("nesterov", nesterov));
    if (nesterov && momentum === 0) throw new InputError("Nesterov's variant needs a momentum above 0.");
    return { type: "sgd", momentum, nesterov, weightDecay, decay };
  },

  stateCount: ({ momentum }) => (momentum > 0 ? 1 : 0),

  update({ momentum, nesterov, weightDecay }, parameter, gradient, [velocity], { learningRate }) {
    for (let k = 0; k < parameter.length; k++) {
      let direction = gradient[k] + weightDecay * parameter[k];
      if (momentum > 0) {
        velocity[k] = momentum * velocity[k] + direction;
        direction = nesterov ? direction + momentum * velocity[k] : velocity[k];
      }
      parameter[k] -= learningRate * direction;
    }
  },
};
