import type { LabSettings } from "./experiment.js";

/* What is chosen in the lab, and how it stands in a link. Loaded with the page: the lab itself comes later. */

export interface BrokenSettings extends LabSettings {
  /** The name of the mistake that is looked at, or of a riddle. */
  readonly mistake: string;
}

export const usualBroken: BrokenSettings = { mistake: "positions-overwritten", optimizer: "sgd", seed: 0 };

/** In a link, what differs from the usual. */
export function brokenWords({ mistake, optimizer, seed }: BrokenSettings): Record<string, string> {
  return {
    ...(mistake !== usualBroken.mistake && { mistake }),
    ...(optimizer !== usualBroken.optimizer && { "mistake-optimizer": optimizer }),
    ...(seed !== usualBroken.seed && { "mistake-seed": String(seed) }),
  };
}

/** What a link says; what can't be understood in it is as usual. A mistake that there isn't is found out by the lab. */
export function brokenFrom(word: (name: string) => string | undefined): BrokenSettings {
  const mistake = word("mistake");
  const seed = word("mistake-seed");
  return {
    mistake: mistake !== undefined && /^[a-z-]{1,40}\d?$/.test(mistake) ? mistake : usualBroken.mistake,
    optimizer: word("mistake-optimizer") === "adam" ? "adam" : usualBroken.optimizer,
    seed: seed !== undefined && /^\d{1,4}$/.test(seed) ? Number(seed) : usualBroken.seed,
  };
}
