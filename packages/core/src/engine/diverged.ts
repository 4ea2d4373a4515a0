import { FailureError } from "../errors.js";
import type { OptimizerSpec } from "../optimizers/index.js";
import { lowerLearningRate } from "../optimizers/learningRate.js";

/** How the step was made that went wrong. */
interface Update {
  /** Counted from 1, over all epochs. */
  readonly step: number;
  readonly learningRate: number;
  readonly optimizer: OptimizerSpec;
  readonly batchSize: number;
}

/**
 * The loss stopped being a finite number, and the parameters are those of the last step before; or a parameter did; or the
 * loss has become absurdly large, and stays so.
 */
export class DivergedError extends FailureError {
  override readonly name = "DivergedError";
  /** Counted from 1, over all epochs. */
  readonly step: number;

  /** @param what has happened: the beginning of a sentence, of which the rest says what to do */
  private constructor(what: string, when: string, { step, learningRate, optimizer, batchSize }: Update) {
    const lower = lowerLearningRate(learningRate, optimizer, batchSize);
    super(
      `${what}, which usually means that the learning rate (${shortNumber(learningRate)}${when}) ` +
        `is too high: try ${shortNumber(lower)}, or clip the gradients, or start from smaller weights (He initialisation).`,
    );
    this.step = step;
  }

  /**
   * @param what can't be used any more: `loss`, or the name of a parameter
   * @param value it: infinite or not a number
   */
  static notFinite(what: string, value: number, update: Update): DivergedError {
    const became = Number.isNaN(value) ? "NaN (not a number)" : "infinite";
    return new DivergedError(`The ${what} became ${became} at step ${update.step}`, " at that step", update);
  }

  /**
   * @param loss the mean loss of an epoch that ended with the step; `guessing`: what guessing has
   * @param update with the largest learning rate of the schedule
   */
  static absurd(loss: number, guessing: number, update: Update): DivergedError {
    const means = `${shortNumber(loss)} in the mean of the epoch that ends with step ${update.step}, where guessing has ${shortNumber(guessing)}`;
    return new DivergedError(`The loss has become absurd (${means})`, "", update);
  }
}

/** Three digits, and a power of ten instead of many zeros. */
function shortNumber(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded < 1e6 ? String(rounded) : rounded.toExponential();
}
