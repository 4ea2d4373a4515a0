/** The six steps of *Start here*. */
export const stepNames = ["draw", "kernel", "relu", "pool", "scores", "back"] as const;
export type StepName = (typeof stepNames)[number];
