import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { builtInModels, hasRelaxedSimd, InputError } from "unravel-cnn";
import { addConvolutionOption, allowRelaxedSimd, checkEngine } from "../../engine.js";
import { interruptible } from "../../exit.js";
import { loadModel } from "../../model.js";
import { oneOf, realNumber, wholeNumber } from "../../options.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";
import { stylesFor } from "../../terminal/style.js";
import { measureOnGpu } from "./gpu.js";
import { gpuAsJson, gpuAsLines } from "./gpuReport.js";
import { measureAll } from "./measure.js";
import { asJson, asLines } from "./report.js";
import { type BenchOptions, batchSizeFor, lengthsOf } from "./settings.js";

export function defineBench(command: Command): void {
  addConvolutionOption(command)
    .description(
      "Measures how fast networks train here, on made-up images: this machine's peak in WebAssembly (multiply-adds in registers), each kernel alone, training, start-up and compiling.",
    )
    .argument(
      "[model...]",
      `built-in names, specs .json, or .safetensors (default: ${Object.keys(builtInModels).join(", ")})`,
    )
    .option(
      "--engine <engine>",
      "what is measured: wasm, or webgpu, a GPU: its peak, its memory, each kernel, training",
      oneOf("--engine", ["wasm", "webgpu"]),
      "wasm",
    )
    .option("--threads <n>", "default: all cores", wholeNumber("--threads", 1, 256))
    .option("--strict", "the path that gives the same bits on every machine")
    .option(
      "--batch-size <n>",
      "images for each update (default: 64, of convnet 128)",
      wholeNumber("--batch-size", 1),
    )
    .option(
      "--seconds <s>",
      "train each network for so long (default: 3)",
      realNumber("--seconds", "above 0", (value) => value > 0),
    )
    .option("--quick", "rough figures, soon")
    .option("--json", "print the figures as JSON")
    .addHelpText(
      "after",
      `
Examples:
  unravel bench                      the three built-in networks, all cores
  unravel bench lenet5 --threads 1
  unravel bench my-net.json --batch-size 32 --seconds 10
  unravel bench --strict --json
  unravel bench convnet --engine webgpu --batch-size 1024

Close other programs first: whatever else runs makes the figures lower. Each
figure is the best of several short runs, or a median with the slowest and the
fastest beside it. A kernel's time is for 8 images, which go through the network
together (for one, where batches have one); its share of the peak is of one
thread's. On a GPU a kernel's time is for the whole batch, by the GPU's own
clock; its share of the memory's speed counts each number once that it reads or
writes, so it may be above 100% where a cache helps.`,
    )
    .action(async (names: string[], options: BenchOptions) => {
      await interruptible((signal) => bench(names, options, signal));
    });
}

async function bench(names: string[], options: BenchOptions, signal: AbortSignal): Promise<void> {
  const isGpu = options.engine === "webgpu";
  const misplaced = options.threads !== undefined ? "--threads" : options.strict ? "--strict" : undefined;
  if (isGpu && misplaced) throw new InputError(`${misplaced} goes with --engine wasm, not with webgpu.`);
  await checkEngine(options);
  allowRelaxedSimd();
  const chosen = names.length > 0 ? names : Object.keys(builtInModels);
  const models = [];
  for (const name of chosen) {
    const loaded = await loadModel({ model: name, seed: 0 });
    models.push({ name, loaded, batchSize: batchSizeFor(name, options) });
  }
  const progress = new Progress(process.stderr, false);
  try {
    if (isGpu) {
      progress.say(`Measuring ${chosen.join(", ")} on the GPU; nothing else should run on it.`);
      const figures = await measureOnGpu(models, lengthsOf(options), progress, signal);
      if (options.json) printJson(gpuAsJson(figures));
      else printLines(gpuAsLines(figures, stylesFor(process.stdout)));
      return;
    }
    const threads = options.threads ?? availableParallelism();
    const strict = options.strict === true || !hasRelaxedSimd();
    progress.say(`Measuring ${chosen.join(", ")}; for good figures nothing else should run.`);
    const { convolution = "auto" } = options;
    const task = { models, threads, strict, convolution, lengths: lengthsOf(options) };
    const figures = await measureAll(task, progress, signal);
    if (options.json) printJson(asJson(figures));
    else printLines(asLines(figures, stylesFor(process.stdout)));
  } finally {
    progress.clear();
  }
}
