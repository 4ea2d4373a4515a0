import { type Evaluation, fitDefaults, learningRateFor, lowerLearningRate } from "unravel-cnn";
import { short } from "../../terminal/numbers.js";
import { optimizerOf, type TrainOptions } from "./options.js";

/** What to try next: as commands that can be typed here, or after other options as options to add to those. */
export function nextSteps(
  options: TrainOptions,
  test: Evaluation,
  classes: number,
  learningRate: number,
): string[] {
  const steps: [string, string][] = [];
  if (test.answers === undefined && test.accuracy < 2 / classes) {
    const [optimizer, { batchSize }] = [optimizerOf(options), options];
    const usual = learningRateFor(optimizer, batchSize);
    const [rate, size] =
      learningRate < usual / 3
        ? [usual, "larger"]
        : [lowerLearningRate(learningRate, optimizer, batchSize), "smaller"];
    steps.push([`--learning-rate ${short(rate)}`, `hardly better than guessing: try ${size} steps`]);
  }
  if (options.epochs <= fitDefaults.epochs)
    steps.push([`--epochs ${3 * options.epochs}`, "longer, and usually better"]);
  if (options.model === "one-conv") {
    const filters = 2 * (options.filters ?? 8);
    steps.push([`--filters ${filters}`, "twice the filters, twice the time"]);
    if (options.filters === undefined) steps.push(["--model lenet5", "more layers: two conv, three dense"]);
    if (options.batchSize > 1) steps.push(["--batch-size 1", "one image at a time"]);
  }
  if (options.out === undefined) steps.push(["--out model.safetensors", "keep the trained model"]);
  if (steps.length === 0) return [];
  const start = process.env.npm_lifecycle_event === "start";
  const plain = process.argv.length === 3;
  const command = plain ? `${start ? "npm start --" : "unravel train"} ` : "";
  const width = Math.max(...steps.map(([option]) => option.length));
  return [
    plain ? "What to try next:" : "What to try next, added to your command:",
    ...steps.map(([option, why]) => `  ${command}${option.padEnd(width)}  ${why}`),
  ];
}
