import { countOf, createEngine, type Dataset, evaluate, type SavedModel } from "unravel-cnn";
import { type MeasuredAccuracy, type WeightKind, withWeights } from "unravel-files";
import { inClassesOf } from "./classes.js";
import { loadData } from "./data.js";
import { percent, whole } from "./terminal/numbers.js";
import type { Progress } from "./terminal/progress.js";

/** How good a network is on a test set before its weights are kept otherwise, and after. */
export interface Measured {
  readonly weights: WeightKind;
  readonly before: MeasuredAccuracy;
  readonly after: MeasuredAccuracy;
}

/**
 * Measures a network on the test set of `data`, with its own weights and with those that an export keeps.
 * @throws InputError if there is no such data, or it doesn't fit the network; what `signal` was aborted with
 */
export async function measureExport(
  saved: SavedModel,
  weights: WeightKind,
  data: string,
  { offline }: { readonly offline?: boolean },
  progress: Progress,
  signal: AbortSignal,
): Promise<Measured> {
  const loaded = await loadData(
    { data, offline, limit: 0, like: saved.model },
    "testing on",
    progress,
    signal,
  );
  const test = loaded.pictures ? inClassesOf(saved.model, loaded.test) : loaded.test;
  const accuracyOf = async (network: SavedModel): Promise<MeasuredAccuracy> => ({
    share: await shareOf(network, test, progress, signal),
    data: test.name,
    images: countOf(test),
  });
  try {
    const before = await accuracyOf(saved);
    return {
      weights,
      before,
      after: weights === "f32" ? before : await accuracyOf(withWeights(saved, weights)),
    };
  } finally {
    progress.clear();
  }
}

async function shareOf(
  { model, parameters }: SavedModel,
  test: Dataset,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  // strict, as an exported network is
  const engine = await createEngine(model.spec, { parameters, strict: true });
  try {
    const { accuracy } = await evaluate(engine, test, {
      signal,
      onProgress: (images) => progress.show({ title: "Testing", share: images / countOf(test), details: [] }),
    });
    return accuracy;
  } finally {
    await engine.close();
  }
}

/** What was measured, in a sentence. */
export function accuracyLine({ weights, before, after }: Measured): string {
  const on = `on the ${whole(after.images)} test images of ${after.data}`;
  if (weights === "f32") return `Accuracy ${on}: ${percent(after.share)}`;
  const lost = Math.round(after.images * (before.share - after.share));
  const how = lost === 0 ? "as many right" : `${whole(Math.abs(lost))} ${lost > 0 ? "fewer" : "more"} right`;
  return `Accuracy ${on}: ${percent(before.share)} before, ${percent(after.share)} with weights as ${weights}: ${how}`;
}
