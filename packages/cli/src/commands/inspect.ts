import type { Command } from "commander";
import {
  type BatchPlanDescription,
  type DescribeOptions,
  describePlan,
  describeShaders,
  InputError,
  type Model,
  type PlanDescription,
} from "unravel-cnn";
import { addConvolutionOption } from "../engine.js";
import { MODEL_HELP } from "../help.js";
import { loadModel, SIZE_OPTIONS, SPEC_OPTION, sizesOf } from "../model.js";
import { didYouMean, oneOf, wholeNumber } from "../options.js";
import { counted, whole } from "../terminal/numbers.js";
import { printJson, printLines } from "../terminal/output.js";
import { type Styles, stylesFor } from "../terminal/style.js";
import { table } from "../terminal/table.js";
import { wrapped } from "../terminal/text.js";

interface InspectOptions extends Pick<DescribeOptions, "batchSize" | "threads" | "convolution"> {
  readonly engine: "wasm" | "webgpu";
  readonly layer?: string;
  readonly spec?: string;
  readonly filters?: number;
  readonly width?: number;
  readonly depth?: number;
  readonly json?: boolean;
}

export function defineInspect(command: Command): void {
  addConvolutionOption(command)
    .description(
      "Shows how a network is trained: its kernels in order, what they share, and where everything lies in memory. With --layer, the loops of that layer's kernels; with --engine webgpu, its compute shaders.",
    )
    .argument("[model]", MODEL_HELP, "one-conv")
    .option(
      "--engine <engine>",
      "whose kernels: wasm or webgpu",
      oneOf("--engine", ["wasm", "webgpu"]),
      "wasm",
    )
    .option("--layer <name>", "show this layer's loops (conv1, fc2, ...)")
    .option("--batch-size <n>", "images in a batch", wholeNumber("--batch-size", 1, 2 ** 20), 64)
    .option("--threads <n>", "threads that memory is planned for", wholeNumber("--threads", 1, 256), 1)
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option("--json", "print the plan, with all loops, as JSON")
    .addHelpText(
      "after",
      `
Examples:
  unravel inspect lenet5
  unravel inspect one-conv --layer conv1
  unravel inspect one-conv --engine webgpu --layer conv1
  unravel inspect model.safetensors --batch-size 256 --threads 4 --json`,
    )
    .action(async (name: string, options: InspectOptions) => {
      const { batchSize, threads } = options;
      const choice = { model: name, spec: options.spec, seed: 0, ...sizesOf(options) };
      const { title, model } = await loadModel(choice);
      if (options.engine === "webgpu") {
        showShaders(
          title,
          model,
          describeShaders(model.spec, { ...(batchSize !== undefined && { batchSize }) }),
          options,
        );
        return;
      }
      const plan = describePlan(model.spec, {
        ...(batchSize !== undefined && { batchSize }),
        ...(threads !== undefined && { threads }),
        ...(options.convolution && { convolution: options.convolution }),
      });
      show(title, model, plan, options);
    });
}

function show(title: string, model: Model, plan: PlanDescription, { layer, json }: InspectOptions): void {
  if (layer === undefined) {
    if (json) printJson(plan);
    else printLines(asLines(title, plan, stylesFor(process.stdout)));
    return;
  }
  checkLayer(title, model, layer);
  const kernels = plan.kernels.filter((kernel) => kernel.layer === layer);
  if (json) {
    printJson({ layer, kernels });
    return;
  }
  const fused = plan.fused.filter((one) => one.layer === layer).map(sayFused);
  printLines([...fused, ...kernels.map(({ nest }) => nest)].join("\n\n").split("\n").flatMap(wrapped));
}

/** @throws InputError unless the model has such a layer */
function checkLayer(title: string, model: Model, layer: string): void {
  const names = model.layers.map(({ name }) => name);
  if (names.includes(layer)) return;
  throw new InputError(
    `There is no layer "${layer}" in ${title}${didYouMean(layer, names)}; its layers are ${names.join(", ")}.`,
  );
}

function showShaders(
  title: string,
  model: Model,
  plan: BatchPlanDescription,
  { layer, json }: InspectOptions,
): void {
  if (layer !== undefined) checkLayer(title, model, layer);
  const own = plan.kernels.filter(
    ({ parts }) => layer === undefined || parts.some((name) => name.startsWith(`${layer}.`)),
  );
  if (json) {
    printJson(layer === undefined ? plan : { layer, kernels: own });
    return;
  }
  if (layer !== undefined) {
    const fused =
      own.length === 0 ? [`${layer} has no kernel of its own: it is fused into another layer's.`] : [];
    printLines([...fused, ...own.flatMap(({ code }) => code.split("\n"))]);
    return;
  }
  const { bold, dim } = stylesFor(process.stdout);
  const rows = own.map(({ name, invocations, multiplyAdds, seldom }) => [
    name,
    seldom ? "every 16th step" : "",
    whole(invocations),
    multiplyAdds === 0 ? "" : whole(multiplyAdds),
  ]);
  const heads = ["kernel", "", "invocations", "multiply-adds per batch"];
  const [head, ...lines] = table([heads, ...rows], [false, false, true, true]);
  printLines([
    bold(`${title}, training on a GPU in batches of ${whole(plan.batchSize)}`),
    "",
    ...wrapped(
      `A step is ${counted(own.filter(({ seldom }) => !seldom).length, "kernel")}, one after the other, each on the whole batch; ${whole(plan.bytes)} bytes of the GPU's memory, without the data set.`,
    ),
    "",
    dim(head),
    ...lines,
  ]);
}

function asLines(title: string, plan: PlanDescription, styles: Styles): string[] {
  const { block, slots, chunks, chunk, threads, memory } = plan;
  return [
    styles.bold(`${title}, training in batches of ${whole(plan.batchSize)}`),
    "",
    ...wrapped(
      `${block} images go through the network together, as a block. Blocks add their gradients to ${counted(slots, "slot")}; when all are done, the slots are added and the parameters updated, in ${counted(chunks, "chunk")} of ${whole(chunk)}.`,
    ),
    ...plan.fused.map(sayFused),
    "",
    ...kernelLines(plan, styles),
    "",
    ...bufferLines(plan, styles),
    "",
    ...wrapped(
      `${whole(memory.shared)} bytes shared, ${whole(memory.workspace)} for each of ${counted(threads, "thread")}: ${whole(memory.total)} in total; the module is ${whole(plan.moduleBytes)} bytes long.`,
    ),
  ];
}

function sayFused({ layer, by }: PlanDescription["fused"][number]): string {
  return by === null
    ? `${layer} takes no work: what it gives lies where its input lies.`
    : `${layer} is fused into ${by}.`;
}

function kernelLines({ kernels }: PlanDescription, { dim }: Styles): string[] {
  const rows = kernels.map(({ phase, name, multiplyAdds }) => [
    phase,
    name,
    phase === "update" || multiplyAdds === 0 ? "" : whole(multiplyAdds),
  ]);
  const [head, ...lines] = table([["", "kernel", "multiply-adds per image"], ...rows], [false, false, true]);
  return [dim(head), ...lines];
}

function bufferLines({ buffers }: PlanDescription, { dim }: Styles): string[] {
  const rows = buffers.map(({ region, name, offset, bytes }) => [region, name, whole(offset), whole(bytes)]);
  const [head, ...lines] = table([["", "buffer", "offset", "bytes"], ...rows], [false, false, true, true]);
  return [dim(head), ...lines];
}
