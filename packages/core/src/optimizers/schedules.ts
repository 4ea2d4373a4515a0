import { cosPi } from "../math.js";

/**
 * How the learning rate changes from step to step. `constant`; `cosine`: falls along half a cosine to zero, as
 * `torch.optim.lr_scheduler.CosineAnnealingLR` (I. Loshchilov, F. Hutter, 2017); `one-cycle`: rises from a 25th to the
 * full rate over the first 30% of the steps, then falls to almost nothing, as `OneCycleLR` with `cycle_momentum=False`
 * (L. Smith, N. Topin, 2018).
 */
export type Schedule = "constant" | "cosine" | "one-cycle";

/** How the learning rate can go through a training. */
export const schedules: readonly Schedule[] = ["constant", "cosine", "one-cycle"];

/** The learning rate of step `step` of `steps`, counted from 0. `peak` is the largest rate of the schedule. */
export function learningRateAt(schedule: Schedule, peak: number, step: number, steps: number): number {
  switch (schedule) {
    case "constant":
      return peak;
    case "cosine":
      return anneal(peak, 0, step / steps);
    case "one-cycle": {
      const top = 0.3 * steps - 1;
      const first = peak / 25;
      return step <= top
        ? anneal(first, peak, step / top)
        : anneal(peak, first / 1e4, (step - top) / (steps - 1 - top));
    }
  }
}

/** From `start` to `end` along half a cosine, as `t` goes from 0 to 1. */
function anneal(start: number, end: number, t: number): number {
  return end + ((start - end) / 2) * (1 + cosPi(t));
}
