import type { Mistake } from "./mistake.js";

/** Every number follows from the one before it, so that no computation shows it: it is seen in the order of the layers. */
export const activationBeforeSoftmax: Mistake = {
  name: "activation-before-softmax",
  why: "The scores go through an activation before softmax, which takes from them what softmax needs: a ReLU makes all negative scores equal, and where it has, nothing is learnt; a sigmoid or tanh keeps every probability near to the others.",
  fix: "p = softmax(a @ w.T + b)  # the last layer has no activation of its own",
  variations: () => [],
};
