import type { EpochTotals } from "../engine/engine.js";
import { LOOK_EVERY } from "../optimizers/flush.js";
import { lowerLearningRate } from "../optimizers/learningRate.js";
import type { resolveSettings } from "./settings.js";

/** A network that learns no more, because no image gives any of its weights a gradient. */
export interface Death {
  /** For how many steps no weight has had a gradient other than zero. Every 16th is looked at. */
  readonly steps: number;
  /** That and what to do, in two sentences. */
  readonly message: string;
}

/** By chance a few images may leave all weights as they are; so many in a row don't. */
const IMAGES = 512;
const LOOKS = 8;

/** What is to be said about the network, if it has died. */
export function deathOf(
  { idleSteps: steps }: EpochTotals,
  { optimizer, batchSize, learningRate }: ReturnType<typeof resolveSettings>,
): Death | undefined {
  if (steps < LOOK_EVERY * Math.max(LOOKS, Math.ceil(IMAGES / batchSize))) return undefined;
  const decay = optimizer.weightDecay > 0 ? ", but by weight decay," : "";
  const lower = lowerLearningRate(learningRate, optimizer, batchSize);
  const message =
    `The network has died: no weight has changed${decay} for ${steps.toLocaleString("en-US")} steps, because all their gradients are zero. ` +
    `Usually the learning rate (${learningRate}) was too high, and one long step has left every ReLU at zero for every image: start again with ${lower}.`;
  return { steps, message };
}
