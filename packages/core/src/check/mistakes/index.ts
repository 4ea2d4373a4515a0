import type { Mistake } from "./mistake.js";

/** Every mistake that is known. Where two give the same numbers, the first one is named. */
export const mistakes: readonly Mistake[] = [];
