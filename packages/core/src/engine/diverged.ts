import { FailureError } from "../errors.js";

/**
 * The loss stopped being a finite number, and the parameters are those of the last step before; or a parameter did.
 */
export class DivergedError extends FailureError {
  override readonly name = "DivergedError";
  /** Counted from 1, over all epochs. */
  readonly step: number;

  /**
   * @param what that can't be used any more: `loss`, or the name of a parameter
   * @param value it: infinite or not a number
   */
  constructor(what: string, step: number, value: number, learningRate: number) {
    super(
      `The ${what} became ${Number.isNaN(value) ? "NaN (not a number)" : "infinite"} at step ${step}, which usually means that ` +
        `the learning rate (${shortNumber(learningRate)} at that step) is too high: try a tenth of it, or clip ` +
        `the gradients, or start from smaller weights (He initialisation).`,
    );
    this.step = step;
  }
}

/** Three digits, and a power of ten instead of many zeros. */
function shortNumber(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded < 1e6 ? String(rounded) : rounded.toExponential();
}
