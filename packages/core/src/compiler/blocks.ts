import { type Model, type ModelLayer, producerOf } from "../graph/model.js";
import { add, type Buffer, type LoopNest } from "../ir/ir.js";
import { BLOCK, type View } from "./block.js";
import { fusedPool, fusedRelu, isFusedRelu, leavesToNext } from "./fusion.js";
import { borderFor, type Gather, paddingOfGradients, planGather } from "./gather.js";
import { loadImages } from "./kernels/input.js";
import { lossKernel } from "./kernels/loss.js";
import { mapCells } from "./lower/elementwise.js";
import type { Decisions, Node } from "./lower/lowering.js";
import { loweringOf } from "./lower/registry.js";
import { allocateView, NO_BORDER } from "./memory.js";
import { type Passes, type PassesContext, targetsOf } from "./passes.js";
import { computeWhereRead } from "./recompute.js";
import { LOSS, splitIntoStages, type WholeBatch } from "./stages.js";
import { allocateViews, type Views } from "./views.js";
import { paddingFor, planWinograd } from "./winograd.js";

/** The way of a block of 8 images through a network and back. */
export function planBlocks(context: PassesContext): Passes {
  const { model, training, convolution, workspace, shared, blocks, mask } = context;
  const winograd = planWinograd(model, convolution, workspace, training);
  const pools = new Map<ModelLayer, ModelLayer>();
  for (const layer of model.layers) {
    const pool = fusedPool(model, layer, winograd);
    if (pool) pools.set(layer, pool);
  }
  const isComputedAnew = (layer: ModelLayer) => training && loweringOf(layer).isComputedAnew === true;
  const activations = allocateViews(workspace, model, {
    prefix: "",
    paddingOf: (layer) => paddingFor(winograd, layer),
    isLeftOut: (layer) => layer !== undefined && pools.has(layer),
    isScratch: isComputedAnew,
    needsOwn: (layer) => loweringOf(layer).reshapes === true || hasOtherBorder(layer),
  });
  const winners = new Map<ModelLayer, View>();
  for (const pool of training ? pools.values() : []) winners.set(pool, winnersOf(pool));
  const splatted = new Map<ModelLayer, Buffer>();
  for (const layer of model.layers) {
    const size = winograd?.weights.has(layer) ? 0 : (loweringOf(layer).splattedSize?.(layer.resolved) ?? 0);
    if (size > 0) splatted.set(layer, workspace.numbers(`${layer.name}.splatted`, size));
  }
  const gathered: Gather = training ? planGather(model, winograd, workspace) : new Map();
  const decisions: Decisions = {
    ...{ winograd, gathered, splatted, winners, shared },
    ...{ training, blocks, mask },
  };

  const prepare = model.layers.flatMap(
    (layer) => loweringOf(layer).prepare?.(nodeOf(context, decisions, layer)) ?? [],
  );
  const forward = [
    loadImages("load", context.bytes, activations.of("x"), model.normalize),
    ...forwardKernels(context, decisions, activations, pools),
  ];
  const backward = training ? backwardKernels(context, decisions, activations) : [];
  const anew = model.layers.filter(isComputedAnew).map(({ output }) => activations.of(output).buffer.name);
  const stages = computeWhereRead(splitIntoStages([...forward, ...backward]), new Set(anew));
  return {
    block: BLOCK,
    stages: [{ each: "thread", kernels: prepare }, ...stages],
    tables: shared.tables,
    x: { ...activations.of("x"), column: BLOCK },
    logits: activations.of(model.output),
    bordersOfMinusInfinity: minusInfinityAround(model, activations),
  };

  /** Room for the numbers of a max-pool's winners, a cell for each of its outputs. */
  function winnersOf({ name, outputShape: [channels, height, width] }: ModelLayer): View {
    return allocateView(workspace, `${name}.winners`, [channels, height, width], NO_BORDER, "rows");
  }
}

/** The inputs of layers that read minus infinity around them. */
export function minusInfinityAround(model: Model, activations: Views): View[] {
  return model.layers
    .filter((layer) => loweringOf(layer).paddingValue === -Infinity)
    .filter((layer) => model.uses.get(layer.inputs[0])?.length === 1 || activations.own(layer))
    .map((layer) => activations.input(layer));
}

/** Whether a layer reads something else than zeros around its input. */
export function hasOtherBorder(layer: ModelLayer): boolean {
  const { paddingValue, padding } = loweringOf(layer);
  return paddingValue !== undefined && padding?.(layer.resolved).some((cells) => cells > 0) === true;
}

function nodeOf({ parameter, memory }: PassesContext, decisions: Decisions, layer: ModelLayer): Node {
  return {
    ...decisions,
    layer,
    resolved: layer.resolved,
    weight: parameter(layer, "weight"),
    bias: parameter(layer, "bias"),
    memory: memory(layer),
    state: (name) => parameter(layer, name),
  };
}

function forwardKernels(
  context: PassesContext,
  decisions: Decisions,
  views: Views,
  pools: ReadonlyMap<ModelLayer, ModelLayer>,
): (LoopNest | WholeBatch)[] {
  const { model } = context;
  const fusedPools = new Set(pools.values());
  return model.layers.flatMap((layer) => {
    if (isFusedRelu(model, layer) || fusedPools.has(layer)) return [];
    const inputs = layer.inputs.map((_, k) => views.input(layer, k));
    const copies = layer.inputs.flatMap((tensor, k) => {
      const own = views.own(layer, k);
      return own ? [mapCells(`${layer.name}.copy`, [views.of(tensor)], own, ([x]) => x)] : [];
    });
    const pool = pools.get(layer);
    const kernels = loweringOf(layer).forward({
      ...nodeOf(context, decisions, layer),
      inputs,
      x: inputs[0],
      y: views.of(layer.output),
      relu: fusedRelu(model, layer) !== undefined,
      pooled: pool && { y: views.of(pool.output), winners: decisions.winners.get(pool) },
    });
    return [...copies, ...kernels];
  });
}

function backwardKernels(
  context: PassesContext,
  decisions: Decisions,
  activations: Views,
): (LoopNest | WholeBatch)[] {
  const { model, workspace, labels, scale, statistics, gradient } = context;
  const { winograd, gathered } = decisions;
  const gradients = allocateViews(workspace, model, {
    prefix: "grad.",
    paddingOf: (layer) => paddingOfGradients(winograd, gathered, layer),
    borderOf: (layer) => borderFor(gathered, layer),
    isSameAsInput: (layer) => loweringOf(layer).passesGradient === true,
    needsOwn: () => true,
  });
  /** What comes back from a layer to one of its inputs. */
  const comesBack = (layer: ModelLayer, input: number): View => {
    const isOneOfSeveral = (model.uses.get(layer.inputs[input]) ?? []).length > 1;
    const passes = isOneOfSeveral && loweringOf(layer).passesGradient;
    return passes ? gradients.of(layer.output) : gradients.input(layer, input);
  };
  const widest = model.layers.map((layer) => loweringOf(layer).transposedInputs?.(layer.resolved) ?? 0);
  const transposed = workspace.scratch("transposed", BLOCK * Math.max(0, ...widest));
  const backward: (LoopNest | WholeBatch)[] = [
    lossKernel(model.loss)(
      LOSS,
      activations.of(model.output),
      labels,
      scale,
      gradients.of(model.output),
      statistics,
      targetsOf(context),
    ),
  ];
  for (const layer of [...model.layers].reverse()) {
    if (!model.learnt.has(layer.output)) continue;
    const dy = gradients.of(layer.output);
    const uses = model.uses.get(layer.output) ?? [];
    // in the order in which the textbook adds: from the last layer
    const ways = uses.length > 1 ? [...uses].reverse().map((use) => comesBack(use.layer, use.input)) : [dy];
    const addsUp = loweringOf(layer).addsUpGradients === true;
    if (ways.length > 1 && !addsUp)
      backward.push(mapCells(`${layer.name}.collect`, ways, dy, (parts) => parts.reduce(add)));
    const before = producerOf(model, layer.inputs[0]);
    const inputs = layer.inputs.map((_, k) => activations.input(layer, k));
    const targets = layer.inputs.map((tensor, k) =>
      model.learnt.has(tensor) ? comesBack(layer, k) : undefined,
    );
    backward.push(
      ...loweringOf(layer).backward({
        ...nodeOf(context, decisions, layer),
        inputs,
        x: inputs[0],
        y: activations.of(layer.output),
        dy,
        comingBack: addsUp ? ways : [dy],
        gradients: targets,
        dx: targets[0],
        weightGradient: gradient(layer, "weight"),
        biasGradient: gradient(layer, "bias"),
        rectified: before !== undefined && leavesToNext(model, before),
        leftToNext: leavesToNext(model, layer),
        transposed,
      }),
    );
  }
  return backward;
}
