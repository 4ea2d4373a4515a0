import { FailureError } from "../errors.js";

/** The loss stopped being a finite number. The parameters are those of the last step before. */
export class DivergedError extends FailureError {
  override readonly name = "DivergedError";
  /** Counted from 1, over all epochs. */
  readonly step: number;

  constructor(step: number, loss: number, learningRate: number) {
    super(
      `The loss became ${Number.isNaN(loss) ? "NaN (not a number)" : "infinite"} at step ${step}, which usually means that ` +
        `the learning rate (${Number(learningRate.toPrecision(3))} at that step) is too high: try a tenth of it, or clip ` +
        `the gradients, or start from smaller weights (He initialisation).`,
    );
    this.step = step;
  }
}
