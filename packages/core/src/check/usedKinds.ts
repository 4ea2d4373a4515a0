import type { Reading } from "./layoutOfArrays.js";
import { inDigits } from "./mistakes/fit.js";
import type { LossReading, NetworkLayer } from "./network.js";
import { kindOfName } from "./prefixes.js";
import type { FoundConvention } from "./report.js";
import { untiedConvolution } from "./unusualKinds.js";

/* What was found of the network besides its shapes: the numbers decided. */

/** Layers that are of another kind than their names say first, and a loss that isn't cross-entropy. */
export function usedKinds({ network }: Reading): FoundConvention[] {
  return [...network.layers.flatMap(ofLayer), ...ofLoss(network.loss)];
}

/** Layers that go by what they keep, where the batch is what counts in training. */
export function usedStates({ network }: Reading): FoundConvention[] {
  const evaluated = network.layers.filter(({ mode }) => mode === "evaluation");
  if (evaluated.length === 0) return [];
  const names = evaluated.map(({ name }) => name).join(", ");
  return [
    {
      name: "running-statistics",
      arrays: evaluated.map(({ output }) => output),
      what: `Running means and variances are what ${names} ${evaluated.length === 1 ? "goes" : "go"} by, as after training; while a network is trained, the batch's own count.`,
    },
  ];
}

function ofLayer({ name, type, kind, resolved, output, parameters }: NetworkLayer): FoundConvention[] {
  if (kind === untiedConvolution) {
    const what = `${name} has a bias of its own for each cell of its output, where one for each filter is usual.`;
    return [{ name: "untied-bias", arrays: [parameters[1].name], what }];
  }
  const { short } = kind.words(resolved);
  const named = kindOfName(name);
  if (named?.open && named.type !== type) {
    const what = `${name} is taken for ${short}: everything fits to that; if you meant something else, give the network with --model.`;
    return [{ name: "other-kind-of-layer", arrays: [output], what }];
  }
  const chosen = { slope: 0.01, eps: 1e-5, ...resolved };
  if ((type === "leakyRelu" && chosen.slope !== 0.01) || (/^batchNorm/.test(type) && chosen.eps !== 1e-5)) {
    return [{ name: "option-found", arrays: [output], what: `${name} is ${short}, going by its numbers.` }];
  }
  return [];
}

const LINKS = {
  none: "the scores as they are",
  sigmoid: "the sigmoid of each score",
  softmax: "softmax of the scores",
};

function ofLoss(loss: LossReading): FoundConvention[] {
  if (loss.kind === "crossEntropy") return [];
  const sum = loss.kind === "squares" ? "(p - y)^2" : "-(y log p + (1 - y) log(1 - p))";
  const name = loss.kind === "squares" ? "squared-errors" : "binary-cross-entropy";
  const what = `The loss is ${inDigits(loss.factor)} times the sum of ${sum}, where p is ${LINKS[loss.link]}, and the gradients go by it.`;
  return [{ name, arrays: ["loss"], what }];
}
