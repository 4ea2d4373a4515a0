import { type Model, type ModelLayer, producerOf } from "../../graph/model.js";
import { add, type Buffer, type LoopNest } from "../../ir/ir.js";
import type { Place, Storage } from "../../ir/wgsl/storages.js";
import { known } from "../../known.js";
import { optimizerStateCount } from "../../optimizers/index.js";
import { sizeOf } from "../../tensor.js";
import { BLOCK, type View } from "../block.js";
import { endOf, fusedRelu, isFusedRelu, leavesToNext } from "../fusion.js";
import { clear } from "../kernels/input.js";
import { lossKernel } from "../kernels/loss.js";
import { STEP } from "../kernels/optimizer.js";
import { STATISTICS } from "../kernels/softmaxCrossEntropy.js";
import { mapCells } from "../lower/elementwise.js";
import type { Decisions, ForwardNode } from "../lower/lowering.js";
import { loweringOf } from "../lower/registry.js";
import { Allocator, allocateView, type Border, NO_BORDER, Workspace } from "../memory.js";
import { groupsOf, layOutParameters, type ParameterRow } from "../parameterRow.js";
import { targetsOf } from "../passes.js";
import { LOSS, splitIntoStages, type WholeBatch } from "../stages.js";
import { allocateViews, type Views } from "../views.js";
import { type BatchNode, batchLoweringOf, type Memory } from "./lowerings.js";
import { goOn, goOnVectors, LOOKERS, largestGradients, largestSize, takeImages } from "./step.js";
import { Storages } from "./storages.js";
import { fewKernels } from "./together.js";
import { type BatchKernel, type BatchTraining, updatesOf } from "./updates.js";
import { Batch } from "./widen.js";

/*
 * A step on a device: one kernel after the other, each on the whole batch. The block is the batch, images innermost.
 */

/** Where a step finds what the calling thread has written for it, and leaves what that reads. */
export interface StepBuffers {
  /** See STEP. */
  readonly step: Buffer;
  /** Cells: labels, and for each image its scale and whether it is one. */
  readonly labels: Buffer;
  readonly scale: Buffer;
  readonly mask: Buffer;
  /** Cells of whole numbers: at which byte each image begins, and the keys of the masks that layers draw. */
  readonly places: Buffer;
  readonly keys: readonly { readonly node: number; readonly buffer: Buffer }[];
  readonly statistics: Buffer;
  /** 1 as long as all losses are finite numbers. */
  readonly go: Buffer;
  readonly largest: Buffer;
}

export interface BatchPlan extends ParameterRow {
  readonly model: Model;
  readonly batch: Batch;
  readonly images: Buffer;
  readonly parameters: Buffer;
  /** A row as long as that of the parameters, at least. */
  readonly gradients: Buffer;
  readonly optimizerState: readonly Buffer[];
  readonly average: Buffer | undefined;
  readonly step: StepBuffers;
  readonly logits: View;
  /** Run once, before the first step. */
  readonly start: readonly LoopNest[];
  readonly kernels: readonly BatchKernel[];
  readonly storages: readonly Storage[];
  /** Were all in one memory: how many bytes the shared buffers take, and those of the batch. */
  readonly bytes: { readonly shared: number; readonly batch: number };
  /** The first numbers of storages that kernels only read. */
  readonly tables: readonly { readonly buffer: Buffer; readonly values: readonly number[] }[];
  placeOf(buffer: Buffer): Place;
}

/**
 * Plans a network for a device.
 * @param images how many there are to take batches from
 * @param size how many a batch has at most
 * @throws InputError that names the layer, if one has no kernel
 */
export function planBatch(model: Model, images: number, size: number, training?: BatchTraining): BatchPlan {
  const batch = new Batch(Math.ceil(size / BLOCK));
  const row = layOutParameters(model, [], { convolution: "direct", blocks: 1 });
  const { parameterOffsets, parameterLength, rowLength } = row;
  const shared = new Allocator("shared");
  const workspace = new Workspace(new Allocator("block"), new Set());
  const storages = new Storages(batch);

  const imageBytes = shared.bytes("images", images * sizeOf(model.inputShape));
  const step = shared.numbers("step", STEP.size);
  const go = shared.numbers("go", 4);
  const parameters = shared.numbers("parameters", rowLength);
  // so long that as many invocations as look through it have the same number of vectors each
  const gradientLength = Math.ceil(parameterLength / (4 * LOOKERS)) * 4 * LOOKERS;
  const gradients = shared.numbers("gradients", training ? gradientLength : 0);
  const ema = training?.ema;
  const average = ema === undefined ? undefined : shared.numbers("average", rowLength);
  const states = Array.from({ length: training ? optimizerStateCount(training.optimizer) : 0 }, (_, k) =>
    shared.numbers(`state${k + 1}`, parameterLength),
  );
  const weights = model.parameters
    .filter(({ fanIn }) => fanIn > 0)
    .map(({ fullName, shape }) => [known(parameterOffsets.get(fullName)), sizeOf(shape)] as const);
  const largest = shared.numbers("largest", largestSize(weights.length));
  const squares = shared.numbers("squareSums", 4 * LOOKERS);

  const several = training?.several ?? false;
  const labels = workspace.numbers("labels", several ? BLOCK * model.classes.length : BLOCK);
  const scale = workspace.numbers("scale", BLOCK);
  const mask = workspace.numbers("mask", BLOCK);
  const places = workspace.numbers("places", BLOCK);
  const keys = (training ? model.layers : [])
    .filter((layer) => loweringOf(layer).drawsMask)
    .map((layer) => ({ layer, buffer: workspace.numbers(`${layer.name}.keys`, BLOCK) }));
  const statistics = workspace.numbers("statistics", STATISTICS.size);
  storages.group("stepNumbers", [labels, scale, mask]);
  storages.group("stepIntegers", [places, ...keys.map(({ buffer }) => buffer)], { integers: true });
  storages.group("images", [imageBytes], { integers: true });
  storages.group("go", [go], { integers: true });

  const within = (buffer: Buffer, prefix: string, layer: ModelLayer, name: string): Buffer | undefined => {
    const tensor = [...layer.parameters, ...layer.state].find((one) => one.name === name);
    if (tensor === undefined) return undefined;
    const offset = buffer.offset + 4 * known(parameterOffsets.get(tensor.fullName));
    return { ...buffer, name: `${prefix}${tensor.fullName}`, offset, size: sizeOf(tensor.shape) };
  };
  const parameter = (layer: ModelLayer, name: string) => within(parameters, "", layer, name);
  const gradient = (layer: ModelLayer, name: string) => within(gradients, "grad.", layer, name);
  const scratch = scratchOf(shared, workspace);

  const decisions: Decisions = {
    ...{ winograd: undefined, gathered: new Map(), splatted: new Map(), winners: new Map() },
    ...{ shared, training: training !== undefined, blocks: { count: 1, stride: 0 }, mask },
  };
  const activations = allocateViews(workspace, model, {
    prefix: "",
    paddingOf: (layer) => loweringOf(layer).padding?.(layer.resolved) ?? NO_BORDER,
    needsOwn: (layer) => loweringOf(layer).reshapes === true || hasOtherBorder(layer),
  });
  const nodeOf = (layer: ModelLayer): ForwardNode & BatchNode => {
    const inputs = layer.inputs.map((_, k) => activations.input(layer, k));
    return {
      ...decisions,
      ...{ layer, resolved: layer.resolved, batch, scratch, inputs, x: inputs[0] },
      weight: parameter(layer, "weight"),
      bias: parameter(layer, "bias"),
      memory: Object.fromEntries(
        keys.filter((one) => one.layer === layer).map(({ buffer }) => ["keys", buffer]),
      ),
      state: (name) => parameter(layer, name),
      y: activations.of(layer.output),
      relu: fusedRelu(model, layer) !== undefined,
      pooled: undefined,
    };
  };
  const lowered = model.layers.filter((layer) => !isFusedRelu(model, layer));
  const forward = lowered.flatMap((layer) => forwardOf(layer, nodeOf(layer), activations));
  const every = (nests: readonly LoopNest[], guarded = false): BatchKernel[] =>
    nests.map((nest) => ({ nest, parts: [nest.name], guarded, seldom: false }));
  const way = [
    batch.kernel(takeImages("load", imageBytes, places, activations.of("x"), model.normalize)),
    ...forward,
  ];
  const kernels = every(way);
  if (training) {
    const { optimizer } = training;
    const targets = targetsOf({ model, shared, several });
    const gradientViews = viewsOfGradients(workspace, model);
    const loss = lossKernel(model.loss)(
      LOSS,
      activations.of(model.output),
      labels,
      scale,
      gradientViews.of(model.output),
      statistics,
      targets,
    );
    const wide = batch.buffer(statistics);
    const counts = shared.numbers("badLosses", 4 * goOnVectors(batch.vectors));
    kernels.push(...every([batch.kernel(loss), ...goOn("goOn", wide, go, counts, batch.vectors)]));
    kernels.push(...every(backwardOf(model, workspace, gradientViews, nodeOf, gradient, activations)));
    const endOfStep = lowered.map((layer) => {
      const own = { weightGradient: gradient(layer, "weight"), biasGradient: gradient(layer, "bias") };
      const learns = model.learnt.has(layer.output);
      return (learns && batchLoweringOf(layer)?.end?.({ ...nodeOf(layer), ...own })) || [];
    });
    storages.take([...shared.buffers, ...workspace.buffers]); // which of them a kernel binds is known then
    const few = fewKernels(endOfStep, (buffer) => storages.placeOf(buffer));
    kernels.push(...few.map((one) => ({ ...one, guarded: true, seldom: false })));
    const looks = largestGradients("largest", gradients, weights, largest);
    kernels.push({ nest: looks, parts: [looks.name], guarded: false, seldom: true });
    kernels.push(
      ...updatesOf(groupsOf(model, row, optimizer), row, training, {
        ...{ parameters, gradients, gradientLength, states, average, step, squares },
      }),
    );
  }

  const start = model.layers
    .filter(hasOtherBorder)
    .map((layer) => batch.kernel(clear(`${layer.name}.border`, activations.input(layer), -Infinity)));
  storages.take([...shared.buffers, ...workspace.buffers]);
  return {
    ...row,
    ...{ model, batch, images: imageBytes, parameters, gradients, optimizerState: states, average },
    step: {
      ...{ step, labels, scale, mask, places, statistics, go, largest },
      keys: keys.map(({ layer, buffer }) => ({ node: layer.node, buffer })),
    },
    logits: activations.of(model.output),
    ...{ start, kernels, tables: shared.tables, storages: storages.all },
    bytes: { shared: shared.end, batch: workspace.end * batch.groups },
    placeOf: (buffer) => storages.placeOf(buffer),
  };
}

/** Memory for layers, the same for the same name. */
function scratchOf(shared: Allocator, workspace: Allocator): Memory {
  const known = new Map<string, Buffer>();
  const once = (allocator: Allocator) => (name: string, size: number) => {
    const buffer = known.get(name) ?? allocator.numbers(name, size);
    known.set(name, buffer);
    return buffer;
  };
  return { cells: once(workspace), numbers: once(shared) };
}

/** Whether a layer reads something else than zeros around its input. */
function hasOtherBorder(layer: ModelLayer): boolean {
  return loweringOf(layer).paddingValue !== undefined && hasPadding(layer);
}

function hasPadding(layer: ModelLayer): boolean {
  return (
    loweringOf(layer)
      .padding?.(layer.resolved)
      .some((cells) => cells > 0) === true
  );
}

/** What a layer stores around the gradients of its input: none but zeros. */
function paddingOfGradients(layer: ModelLayer): Border {
  const { padding, leavesBorder } = loweringOf(layer);
  return (leavesBorder && padding?.(layer.resolved)) || NO_BORDER;
}

/** Whether a layer adds gradients to cells around its input, so that it needs a view of its own for them. */
function spills(layer: ModelLayer): boolean {
  return hasPadding(layer) && !loweringOf(layer).leavesBorder && batchLoweringOf(layer) === undefined;
}

function viewsOfGradients(workspace: Allocator, model: Model): Views {
  return allocateViews(workspace, model, {
    prefix: "grad.",
    paddingOf: paddingOfGradients,
    borderOf: (layer) => (canHaveBorder(model, layer) ? borderOfGradients(model, layer) : NO_BORDER),
    needsOwn: () => true,
  });
}

/** The zeros around the gradients of a layer's output that it reads, for the gradient of its input. */
function borderOfGradients(model: Model, layer: ModelLayer): Border {
  if (!model.learnt.has(layer.inputs[0])) return NO_BORDER;
  return batchLoweringOf(layer)?.borderOfGradients?.(layer.resolved) ?? NO_BORDER;
}

/** Whether there may be something around the gradients of a layer's output: not if they are read as a row. */
function canHaveBorder(model: Model, layer: ModelLayer): boolean {
  const uses = model.uses.get(endOf(model, layer).output) ?? [];
  return uses.length !== 1 || !loweringOf(uses[0].layer).reshapes;
}

/** The kernels of a block as kernels of the batch. */
function widened(batch: Batch, nests: readonly (LoopNest | WholeBatch)[]): LoopNest[] {
  return splitIntoStages(nests).flatMap(({ kernels }) => kernels.map((nest) => batch.kernel(nest)));
}

function forwardOf(layer: ModelLayer, node: ForwardNode & BatchNode, views: Views): LoopNest[] {
  const copies = layer.inputs.flatMap((tensor, k) => {
    const own = views.own(layer, k);
    return own ? [mapCells(`${layer.name}.copy`, [views.of(tensor)], own, ([x]) => x)] : [];
  });
  const row = batchLoweringOf(layer);
  const kernels = row ? row.forward(node) : widened(node.batch, loweringOf(layer).forward(node));
  return [...widened(node.batch, copies), ...kernels];
}

function backwardOf(
  model: Model,
  workspace: Allocator,
  gradients: Views,
  nodeOf: (layer: ModelLayer) => ForwardNode & BatchNode,
  gradient: (layer: ModelLayer, name: string) => Buffer | undefined,
  activations: Views,
): LoopNest[] {
  const kernels: LoopNest[] = [];
  const comesBack = (layer: ModelLayer, input: number): View => {
    const isOneOfSeveral = (model.uses.get(layer.inputs[input]) ?? []).length > 1;
    const passes = isOneOfSeveral && loweringOf(layer).passesGradient;
    return passes ? gradients.of(layer.output) : gradients.input(layer, input);
  };
  for (const layer of [...model.layers].reverse()) {
    if (!model.learnt.has(layer.output)) continue;
    const node = nodeOf(layer);
    const { batch } = node;
    const uses = model.uses.get(layer.output) ?? [];
    if (uses.length > 1) {
      // in the order in which the textbook adds: from the last layer
      const ways = [...uses].reverse().map((use) => comesBack(use.layer, use.input));
      const sum = gradients.of(layer.output);
      kernels.push(batch.kernel(mapCells(`${layer.name}.collect`, ways, sum, (parts) => parts.reduce(add))));
    }
    const before = producerOf(model, layer.inputs[0]);
    const wanted = layer.inputs.map((tensor, k) =>
      model.learnt.has(tensor) ? comesBack(layer, k) : undefined,
    );
    const targets = wanted.map((view, k) =>
      view && spills(layer)
        ? allocateView(
            workspace,
            `grad.${layer.name}.own${k + 1}`,
            view.shape,
            loweringOf(layer).padding?.(layer.resolved) ?? NO_BORDER,
            "rows",
          )
        : view,
    );
    const dy = gradients.of(layer.output);
    const border = canHaveBorder(model, layer) ? NO_BORDER : borderOfGradients(model, layer);
    const bordered = border.some((cells) => cells > 0)
      ? allocateView(workspace, `grad.${layer.name}.bordered`, dy.shape, border, "rows")
      : dy;
    if (bordered !== dy)
      kernels.push(batch.kernel(mapCells(`${layer.name}.copyGradient`, [dy], bordered, ([g]) => g)));
    const back = {
      ...node,
      dy: bordered,
      comingBack: [bordered],
      gradients: targets,
      dx: targets[0],
      weightGradient: gradient(layer, "weight"),
      biasGradient: gradient(layer, "bias"),
      rectified: before !== undefined && leavesToNext(model, before),
      leftToNext: leavesToNext(model, layer),
      transposed: node.mask, // no kernel of a batch needs any
      y: activations.of(layer.output),
    };
    const row = batchLoweringOf(layer);
    kernels.push(...(row ? row.backward(back) : widened(batch, loweringOf(layer).backward(back))));
    wanted.forEach((view, k) => {
      const own = targets[k];
      if (view && own && own !== view)
        kernels.push(batch.kernel(mapCells(`${layer.name}.copyGradient${k + 1}`, [own], view, ([g]) => g)));
    });
  }
  return kernels;
}
