import { type Curves, curvesOf, pointsOf } from "./curves.js";
import type { TrainedPiece } from "./messages.js";
import type { CurvePoints } from "./saved.js";
import type { Look } from "./session.js";

/** Where a look's numbers go. */
const lookCurves = {
  validation: ["validationLoss", "validationAccuracy"],
  test: ["testLoss", "testAccuracy"],
} as const;

/** The curves of the training that the page shows. */
export class Lines {
  #curves: Curves = curvesOf();
  /** Grows when they are to be drawn anew: curves are changed in place. */
  #drawn = $state(0);

  get points(): CurvePoints {
    void this.#drawn;
    return pointsOf(this.#curves);
  }

  begin(points?: CurvePoints): void {
    this.#curves = curvesOf(points);
    this.draw();
  }

  draw(): void {
    this.#drawn += 1;
  }

  learn(pieces: readonly TrainedPiece[]): void {
    for (const { step, loss, accuracy } of pieces) {
      this.#curves.loss.add(step, loss);
      this.#curves.accuracy.add(step, accuracy);
    }
  }

  see(look: Look, steps: number): void {
    const [loss, accuracy] = lookCurves[look.on];
    if (this.#curves[loss].points.at(-1)?.[0] === steps) return; // brought back, and looked at again
    this.#curves[loss].add(steps, look.loss);
    this.#curves[accuracy].add(steps, look.accuracy);
  }
}
