import type { Diagnosis } from "./diagnose.js";
import type { Reading } from "./layoutOfArrays.js";
import { activationBeforeSoftmax } from "./mistakes/structure.js";
import { kindOfName } from "./prefixes.js";

/** Mistakes that no number shows, because each array follows from the one before: they lie in the network itself. */
export function withStructure(diagnosis: Diagnosis, { network }: Reading): Diagnosis {
  const [last] = network.layers.slice(-1);
  const isActivation = kindOfName(last.name)?.family === "activation";
  if (!isActivation || network.loss.kind !== "crossEntropy") return diagnosis;
  const { name, why, fix } = activationBeforeSoftmax;
  const order = diagnosis.arrays.map((array) => array.name);
  const isBefore = diagnosis.first === null || order.indexOf(last.output) < order.indexOf(diagnosis.first);
  return {
    ...diagnosis,
    agrees: false,
    first: isBefore ? last.output : diagnosis.first,
    arrays: diagnosis.arrays.map((array) =>
      array.name === last.output ? { ...array, status: "differs" as const } : array,
    ),
    mistakes: [
      ...diagnosis.mistakes,
      { name, array: last.output, why, fix, arrays: [last.output], alternatives: [] },
    ].sort((a, b) => order.indexOf(a.array) - order.indexOf(b.array)),
  };
}
