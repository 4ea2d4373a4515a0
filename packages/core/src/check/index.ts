import { InputError } from "../errors.js";
import { defineModel, type ModelSpec } from "../graph/model.js";
import { type Checks, checkOptions, elsewhere } from "../options.js";
import { conventionsOf } from "./conventions.js";
import { badnessOf, type Diagnosis, diagnose } from "./diagnose.js";
import { isInfiniteRightly } from "./finite.js";
import type { Reading } from "./layoutOfArrays.js";
import { mistakes } from "./mistakes/index.js";
import { type GivenArrays, type NamedArrays, nameArrays } from "./names.js";
import { unknownGradients } from "./otherNames.js";
import { findReadings } from "./reading.js";
import type { CheckReport } from "./report.js";
import { withoutOtherOptimizer, withStructure } from "./structure.js";
import { usedKinds, usedStates } from "./usedKinds.js";

export type { GivenArrays } from "./names.js";
export * from "./report.js";

/** What is known of a step whose arrays are checked. */
export interface CheckOptions {
  /** The network; by default it is worked out from the shapes. */
  readonly model?: ModelSpec | undefined;
}

const checks: Checks<CheckOptions> = { model: elsewhere };

/**
 * Checks one step of somebody's own implementation: which arrays are right, given the person's own earlier values, which
 * one is the first that is not, and which mistake explains it.
 * @param arrays by the contract's names (`x`, `y`, `conv1.weight`, `conv1.out`, `probs`, `loss`, `grad.fc1.weight`,
 *   `new.fc1.bias`, `lr`, ...); any may be missing, but the images and the weights are needed to say much
 * @throws InputError if no name is known, or no network has these shapes
 */
export function checkArrays(arrays: GivenArrays, options: CheckOptions = {}): CheckReport {
  checkOptions("The check", options, checks);
  const model = options.model && defineModel(options.model);
  if (model && model.loss.labelSmoothing > 0) {
    throw new InputError(
      "The check of arrays knows no label smoothing; leave it out of the model spec, and compute the arrays without it, too.",
    );
  }
  const named = nameArrays(arrays, model);
  const { reading, diagnosis: found } = bestExplained(findReadings(named, model));
  const { notes, ...judged } = withoutOtherOptimizer(found, reading);
  const diagnosis = model ? judged : withStructure(judged, reading);
  return {
    ...diagnosis,
    conventions: [
      ...conventionsOf(reading, named),
      ...(model ? [] : usedKinds(reading)),
      ...usedStates(reading),
      ...diagnosis.conventions,
    ],
    model: reading.network.spec,
    layers: reading.network.layers
      .filter(({ type }) => type !== "unknown")
      .map(({ kind, resolved }) => kind.words(resolved).short),
    images: reading.network.images,
    names: named.contracts,
    ...sayings(reading, named, diagnosis, notes),
  };
}

/** What is to be said besides what is right and wrong. */
function sayings(
  { network, run, notFinite }: Reading,
  { arrays, unknown }: NamedArrays,
  diagnosis: Diagnosis,
  before: readonly string[],
): Pick<CheckReport, "agrees" | "unknownNames" | "problem" | "notes"> {
  const problem = unknownGradients(arrays, unknown, network.shapes) ?? null;
  const unknownNow = network.layers.filter(({ type }) => type === "unknown");
  const used = new Set(
    unknownNow.flatMap(({ output }) => [output, `grad.${output}`]).map((name) => name.replaceAll(".", "_")),
  );
  const ofLayers = unknownNow.map(
    ({ name, output, inputGradients }) =>
      `${name} is a kind of layer that is not known here: ${output} and what comes back through it (${inputGradients.join(", ")}) were taken as they are, and not judged.`,
  );
  const notes = [...before, ...ofLayers];
  if (notFinite.first === undefined && isInfiniteRightly(run)) {
    notes.push(
      "The loss is infinite, because the probability of a right class is 0 and its logarithm infinite; that is what these probabilities give, but nobody can learn from it: the scores are too large.",
    );
  }
  return {
    agrees: diagnosis.agrees && problem === null,
    unknownNames: [...unknown.keys()].filter((name) => !used.has(name.toLowerCase().replaceAll(".", "_"))),
    problem,
    notes,
  };
}

/** The reading in which the mistakes are explained best: nothing unknown, and few of them. */
function bestExplained(readings: readonly Reading[]): { reading: Reading; diagnosis: Diagnosis } {
  let best: { reading: Reading; diagnosis: Diagnosis; badness: number } | undefined;
  for (const reading of readings) {
    const diagnosis = diagnose(reading, best?.badness);
    if (!diagnosis) continue;
    const badness = badnessOf(diagnosis.mistakes);
    if (!best || badness < best.badness) best = { reading, diagnosis, badness };
    if (best && best.badness <= 1) break;
  }
  if (!best) throw new InputError("There is nothing to check.");
  return best;
}

/** The mistakes that are known: what each is called, why it is wrong, and the right lines of NumPy. */
export const knownMistakes: readonly { readonly name: string; readonly why: string; readonly fix: string }[] =
  mistakes.filter(({ harmless }) => !harmless).map(({ name, why, fix }) => ({ name, why, fix }));
