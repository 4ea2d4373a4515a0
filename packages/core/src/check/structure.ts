import type { Diagnosis } from "./diagnose.js";
import type { Reading } from "./layoutOfArrays.js";
import { activationBeforeSoftmax } from "./mistakes/structure.js";
import { movedByOther, OTHER_OPTIMIZER } from "./otherOptimizer.js";
import { kindOfName } from "./prefixes.js";

/** Without the updates that another optimizer may have made. */
export function withoutOtherOptimizer(
  diagnosis: Diagnosis,
  reading: Reading,
): Diagnosis & { notes: string[] } {
  const moved = movedByOther(reading, diagnosis.mistakes);
  if (moved.length === 0) return { ...diagnosis, notes: [] };
  const arrays = diagnosis.arrays.map((array) =>
    moved.includes(array.name)
      ? { name: array.name, status: "not given" as const, maxRelativeError: null }
      : array,
  );
  const first = arrays.find(({ status }) => status === "differs")?.name ?? null;
  return {
    ...diagnosis,
    agrees: first === null,
    first,
    arrays,
    mistakes: diagnosis.mistakes.filter(({ array }) => !moved.includes(array)),
    notJudged: [...diagnosis.notJudged, ...moved],
    notes: [OTHER_OPTIMIZER],
  };
}

/** Mistakes that no number shows, because each array follows from the one before: they lie in the network itself. */
export function withStructure<T extends Diagnosis>(diagnosis: T, { network }: Reading): T {
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
