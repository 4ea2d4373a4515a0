import type { Model } from "../graph/model.js";
import type { EpochTotals } from "./engine.js";

/* By what a training that has failed is known, though every number is finite. */

/** An epoch before its first step. */
export const NOTHING: EpochTotals = {
  steps: 0,
  images: 0,
  loss: 0,
  correct: 0,
  firstLoss: 0,
  absurdSteps: 0,
  idleSteps: 0,
};

/** How many steps the first 8 images take. A large loss in them shows bad fresh weights, and not that training fails. */
export const firstSteps = (batchSize: number): number => Math.ceil(8 / batchSize);

/** A batch's mean loss above this is absurd: so many times that of guessing among the classes. */
export const absurdLoss = ({ loss, classes }: Pick<Model, "loss" | "classes">): number =>
  20 * loss.guessing(Math.max(2, classes.length));

/** With a smaller loss gradients may be zero because there is nothing left to learn. */
export const LEARNT = 1e-3;

/** What a part of an epoch adds to the totals before it. */
export function differenceOf(after: EpochTotals, before: EpochTotals): EpochTotals {
  return {
    ...after,
    steps: after.steps - before.steps,
    images: after.images - before.images,
    loss: after.loss - before.loss,
    correct: after.correct - before.correct,
    absurdSteps: after.absurdSteps - before.absurdSteps,
  };
}

/** The totals of two parts of an epoch, one after the other. */
export function sumOf(a: EpochTotals, b: EpochTotals): EpochTotals {
  return {
    steps: a.steps + b.steps,
    images: a.images + b.images,
    loss: a.loss + b.loss,
    correct: a.correct + b.correct,
    firstLoss: Math.max(a.firstLoss, b.firstLoss),
    absurdSteps: a.absurdSteps + b.absurdSteps,
    idleSteps: b.idleSteps,
  };
}
