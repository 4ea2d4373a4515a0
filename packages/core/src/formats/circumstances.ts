import { InputError, inFile } from "../errors.js";
import type { Model } from "../graph/model.js";
import { type Circumstances, FIRST_STEP } from "../layers/layer.js";
import { checkOptions } from "../options.js";
import { circumstanceChecks, type Trace } from "../reference/trace.js";
import type { NpyArray, WritableArray } from "./npy.js";

/*
 * In which mode, and in which step of a training, a trace was made, as arrays beside its tensors: `circumstances.training` (1, or 0
 * for evaluation), `circumstances.seed` and `circumstances.step`, each a single number.
 */

export const CIRCUMSTANCES = "circumstances.";

const looksAtThem = ({ layers }: Model): boolean => layers.some(({ kind }) => kind.looksAtContext);

/** Those of a network with layers that look at them; of others, none. */
export function circumstanceArrays({
  model,
  circumstances = FIRST_STEP,
}: Pick<Trace, "model" | "circumstances">): Record<string, WritableArray> {
  if (!looksAtThem(model)) return {};
  const { mode, seed, step } = circumstances;
  return {
    [`${CIRCUMSTANCES}training`]: { shape: [], data: Uint8Array.of(mode === "training" ? 1 : 0) },
    [`${CIRCUMSTANCES}seed`]: { shape: [], data: Uint32Array.of(seed) },
    [`${CIRCUMSTANCES}step`]: { shape: [], data: Float64Array.of(step) },
  };
}

/**
 * What arrays say of the circumstances; undefined if they say nothing.
 * @throws InputError if that is no mode, seed or step, or not all of them
 */
export function circumstancesIn(
  arrays: Readonly<Record<string, Pick<NpyArray, "data">>>,
  source: string,
): Circumstances | undefined {
  const names = ["training", "seed", "step"].map((name) => `${CIRCUMSTANCES}${name}`);
  const given = names.map((name) => (Object.hasOwn(arrays, name) ? arrays[name].data : undefined));
  if (given.every((data) => data === undefined)) return undefined;
  const [training, seed, step] = given.map((data, k) => {
    if (data?.length === 1) return data[0];
    throw new InputError(
      `${source}: ${names[k]} ${data ? `holds ${data.length} numbers` : "is missing"}; it must be one number, beside ${names.filter((_, other) => other !== k).join(" and ")}.`,
    );
  });
  if (training !== 0 && training !== 1) {
    throw new InputError(
      `${source}: ${names[0]} is ${training}; it must be 1 for a step of a training, or 0 for evaluation.`,
    );
  }
  const circumstances = { mode: training === 1 ? "training" : "evaluation", seed, step } as const;
  inFile(source, () => checkOptions("Its circumstances", circumstances, circumstanceChecks));
  return circumstances;
}
