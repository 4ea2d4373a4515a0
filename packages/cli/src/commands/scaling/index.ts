import type { Command } from "commander";
import {
  concludeScaling,
  fitDefaults,
  hasRelaxedSimd,
  InputError,
  measureScaling,
  networkFor,
  optimizerNames,
  renderScalingSvg,
  sweeps,
} from "unravel-cnn";
import { addEngineKind, engineOptions, MOST_THREADS } from "../../engine.js";
import { interruptible } from "../../exit.js";
import { MODEL_HELP } from "../../help.js";
import { machine } from "../../machine.js";
import { loadModel } from "../../model.js";
import { oneOf, realNumber, seedOption, wholeNumbers } from "../../options.js";
import { DRAWING_FILE } from "../../output/kinds.js";
import { outputFile } from "../../output/names.js";
import { checkOutput, writeOutput } from "../../output/write.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";
import { stylesFor } from "../../terminal/style.js";
import { MOST_KERNEL, planOf, type ScalingCommandOptions } from "./options.js";
import { asJson, asLines, inShort, type Measured } from "./report.js";

export function defineScaling(command: Command): void {
  command
    .description(
      "Measures how long an epoch takes with more and more filters, or with other kernels, batch sizes, images or threads, and says how time grows: with a straight line and a power fitted to the measured times, and an exponential through the first two. Trains on made-up images, as unravel train does.",
    )
    .option("--sweep <what>", `what changes: ${sweeps.join(", ")}`, oneOf("--sweep", sweeps))
    .option("--model <model>", `${MODEL_HELP}; filters and kernel can be chosen for one-conv`, "one-conv")
    .option(
      "--filters <n,...>",
      "default: 1,2,4,8,16,32,64; where they stay: 8",
      wholeNumbers("--filters", 1),
    )
    .option(
      "--kernel <n,...>",
      "height and width; default: 1,3,5 to 11, where the border is padded; where it stays: 3",
      wholeNumbers("--kernel", 1, MOST_KERNEL),
    )
    .option(
      "--batch-size <n,...>",
      `default: 1,2,4 to 128; where it stays: ${fitDefaults.batchSize}`,
      wholeNumbers("--batch-size", 1),
    )
    .option(
      "--images <n,...>",
      "of an epoch (default: 500,1000,2000 to 32000; where they stay: 60000, MNIST's)",
      wholeNumbers("--images", 1),
    )
    .option(
      "--threads <n,...>",
      "default: 1,2,4 to all cores; where they stay: all cores",
      wholeNumbers("--threads", 1, MOST_THREADS),
    )
    .option(
      "--optimizer <name>",
      optimizerNames.join(", "),
      oneOf("--optimizer", optimizerNames),
      fitDefaults.optimizer.type,
    );
  addEngineKind(command, ["wasm", "reference"])
    .option(
      "--seconds <s>",
      "measure each point for so long, about",
      realNumber("--seconds", "above 0", (value) => value > 0),
      2,
    )
    .option("--seed <n>", "of weights, images, and whose turn it is", seedOption, 0)
    .option("--out <file>", "draw the picture into FILE.svg", outputFile("--out", DRAWING_FILE))
    .option("--json", "print the figures as JSON")
    .option("--quiet", "no progress, the answer in words only")
    .addHelpText(
      "after",
      `
Examples:
  unravel scaling                                   filters: 1, 2, 4 to 64
  unravel scaling --filters 1,4,16 --batch-size 1   one image at a time
  unravel scaling --sweep batch-size --out batches.svg
  unravel scaling --threads 1,2,4 --model convnet --seconds 5
  unravel scaling --engine reference --filters 1,2,4,8 --json

The points take turns, in five rounds: if the machine becomes slower, it does so
for all. A point's time is the median. Other programs disturb: close them.`,
    )
    .allowExcessArguments()
    .action(async (options: ScalingCommandOptions, { args: [stray] }: Command) => {
      if (stray !== undefined) {
        throw new InputError(`scaling takes options only, not "${stray}"; for a network write --model NAME.`);
      }
      await interruptible((signal) => scaling(options, signal));
    });
}

async function scaling(options: ScalingCommandOptions, signal: AbortSignal): Promise<void> {
  const { model, seed, seconds, out } = options;
  const plan = planOf(options);
  if (out !== undefined) await checkOutput(out, DRAWING_FILE);
  const { engine, strict, convolution } = engineOptions({ ...options, threads: plan.settings.threads });
  const loaded = await loadModel({ model, seed });
  const progress = new Progress(process.stderr, options.quiet === true);
  progress.say(
    `Measuring ${plan.values.length} points for about ${seconds} s each; nothing else should run.`,
  );
  const where = machine();
  try {
    const points = await measureScaling({
      ...plan,
      ...(engine && { engine }),
      ...(strict && { strict }),
      ...(convolution && { convolution }),
      specFor: model === "one-conv" ? networkFor(plan.sweep) : () => loaded.model.spec,
      optimizer: { type: options.optimizer },
      seconds,
      seed,
      signal,
      onProgress: (share, value) =>
        progress.show({ title: "Measuring", share, details: [`${plan.sweep} ${value}`] }),
    });
    progress.clear();
    const measured: Measured = {
      ...plan,
      options,
      title: loaded.title.replace(/,.*/, ""),
      machine: where,
      strict: strict === true || !hasRelaxedSimd(),
      points,
      conclusion: concludeScaling(plan.sweep, points),
    };
    if (out !== undefined) {
      const svg = renderScalingSvg(plan.sweep, points, measured.conclusion, { subtitle: inShort(measured) });
      await writeOutput(out, DRAWING_FILE, new TextEncoder().encode(svg));
      progress.say(`Wrote ${out}`);
    }
    if (options.json) printJson(asJson(measured));
    else printLines(asLines(measured, stylesFor(process.stdout)));
  } finally {
    progress.clear();
  }
}
