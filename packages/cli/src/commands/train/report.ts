import type { Dataset, Engine, EngineChange, Evaluation, History } from "unravel-cnn";
import type { LoadedModel } from "../../model.js";
import { classLines, headline } from "../../terminal/evaluation.js";
import { percent, whole } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { stylesFor } from "../../terminal/style.js";
import { nextSteps } from "./nextSteps.js";
import type { TrainOptions } from "./options.js";
import type { Speed } from "./speed.js";

export interface Results {
  readonly loaded: LoadedModel;
  readonly engine: Engine;
  readonly before: Pick<Evaluation, "accuracy" | "loss">;
  readonly history: History;
  readonly test: Evaluation;
  readonly testData: Dataset;
  readonly learningRate: number;
  /** Of the engine, also before a break. */
  readonly changes: readonly EngineChange[];
  readonly speed: Speed | undefined;
  /** The data's name, for programs. */
  readonly source: string;
}

/** Prints what came out of the training: as one object for programs, or for people, the test accuracy last. */
export function report(options: TrainOptions, results: Results): void {
  const { loaded, engine, before, history, test, testData, speed } = results;
  const { model } = loaded;
  if (options.json) {
    const result = {
      model: options.model,
      data: results.source,
      seed: options.seed,
      engine: engine.name,
      threads: engine.threads,
      strict: engine.strict,
      parameters: model.parameterCount,
      multiplyAddsPerImage: model.multiplyAdds.forward,
      before: { accuracy: before.accuracy, loss: before.loss },
      epochs: history.epochs,
      death: history.death,
      leftOut: history.leftOut,
      keptEpoch: history.keptEpoch,
      stoppedEarly: history.stoppedEarly,
      test,
      trainSeconds: history.epochs.reduce((sum, { seconds }) => sum + seconds, 0),
      totalSeconds: performance.now() / 1000,
      gflops: speed?.gflops ?? null,
      computedGflops: speed?.computed?.gflops ?? null,
      peakGflops: speed?.computed?.peakGflops ?? null,
      out: options.out ?? null,
      adapter: engine.adapter ?? null,
      engineChoice: engine.choice ?? null,
      engineChanges: results.changes,
    };
    printJson(result);
    return;
  }
  const styles = stylesFor(process.stdout);
  const steps = nextSteps(options, test, model.classes.length, results.learningRate);
  const lines = options.quiet
    ? []
    : [
        ...classLines(test, model.classes, styles),
        "",
        ...(steps.length > 0 ? [...steps.map((line) => styles.dim(line)), ""] : []),
        ...(speed ? describeSpeed(speed) : []),
      ];
  printLines([...lines, headline(test, testData, styles)]);
}

/**
 * `Speed  31,000 images/s, 8.5 GFLOP/s: 12% of this machine's peak`. If the engine really computes clearly more or fewer
 * operations than the network's definition has, a second line says how many.
 */
export function describeSpeed({ imagesPerSecond, gflops, computed }: Speed): string[] {
  const line = `Speed  ${whole(imagesPerSecond)} images/s, ${rate(gflops)} GFLOP/s`;
  if (computed === null) return [line];
  const ratio = computed.gflops / gflops;
  const share = computed.gflops / computed.peakGflops;
  const ofPeak =
    share <= 1 ? `: ${percent(share, 0)} of this machine's peak` : "; the peak, measured now, was disturbed";
  if (Math.abs(ratio - 1) < MENTIONED) return [`${line}${ofPeak}`];
  const why = ratio < 1 ? "the rest is saved" : "beyond edges, too";
  return [
    `${line} by the network's definition;`,
    `       ${rate(computed.gflops)} computed, ${why}${ofPeak}`,
  ];
}

/** The smallest difference between the operations defined and those computed that is mentioned, as a share. */
const MENTIONED = 0.1;

function rate(gflops: number): string {
  return gflops.toFixed(gflops < 1 ? 2 : 1);
}
