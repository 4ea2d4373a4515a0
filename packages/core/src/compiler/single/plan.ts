import { type Model, type ModelLayer, producerOf } from "../../graph/model.js";
import type { LoopNest } from "../../ir/ir.js";
import { known } from "../../known.js";
import { fusedRelu, isFusedRelu, leavesToNext } from "../fusion.js";
import { lossKernel } from "../kernels/loss.js";
import { allocateView, type Border, NO_BORDER, widest } from "../memory.js";
import { type Passes, type PassesContext, targetsOf } from "../passes.js";
import { LOSS, splitIntoStages } from "../stages.js";
import * as kernels from "./layers.js";
import { type SingleNode, singleLowerings } from "./lowerings.js";
import { allocateRows, type Rows } from "./rows.js";

/*
 * Training with batches of one image. In a block of eight, seven would be empty; so here the four numbers of a vector are cells
 * that lie side by side in a row of the one image. (What is only predicted goes through channels/.)
 */

/** Whether there are kernels for one image: for all layers, each the only one that takes what the one before it gives. */
export function suitsSingle({ layers, uses }: Model): boolean {
  const isChain = [...uses.values()].every(({ length }) => length === 1);
  return (
    isChain &&
    layers.every(({ spec, resolved }) => {
      const lowering = singleLowerings[spec.type];
      return lowering && lowering.suits?.(resolved) !== false;
    })
  );
}

const loweringOf = ({ spec }: ModelLayer) => known(singleLowerings[spec.type]);

/** The way of one image through a network and back. */
export function planSingle(context: PassesContext): Passes {
  const { model, workspace, shared, bytes, labels, scale, statistics, parameter, gradient } = context;
  const activations = allocateAll(context, "", ({ user }) => borderOf("padding", user));
  const gradients = allocateAll(context, "grad.", ({ producer }) => borderOf("reach", producer));
  const cells = [model.classes.length, 1, 1] as const;
  const logits = allocateView(workspace, "scores", cells, NO_BORDER, "rows");
  const nodeOf = (layer: ModelLayer): SingleNode => ({
    layer,
    resolved: layer.resolved,
    x: activations(layer.inputs[0]),
    y: activations(layer.output),
    weight: parameter(layer, "weight"),
    bias: parameter(layer, "bias"),
    relu: fusedRelu(model, layer) !== undefined,
    shared,
  });

  const forward = [
    kernels.loadImage("load", bytes, activations("x"), model.normalize),
    ...model.layers
      .filter((layer) => !isFusedRelu(model, layer))
      .flatMap((layer) => loweringOf(layer).forward(nodeOf(layer))),
    kernels.toBlock("scores", activations(model.output), logits),
  ];
  const scoreGradients = allocateView(workspace, "grad.scores", cells, NO_BORDER, "rows");
  const targets = targetsOf(context);
  const backward: LoopNest[] = [
    lossKernel(model.loss)(LOSS, logits, labels, scale, scoreGradients, statistics, targets, [0]),
    kernels.fromBlock("grad.scores", scoreGradients, gradients(model.output)),
  ];
  for (const layer of [...model.layers].reverse()) {
    if (!model.learnt.has(layer.output)) continue;
    const [input] = layer.inputs;
    const before = producerOf(model, input);
    backward.push(
      ...loweringOf(layer).backward({
        ...nodeOf(layer),
        dx: model.learnt.has(input) ? gradients(input) : undefined,
        dy: gradients(layer.output),
        weightGradient: gradient(layer, "weight"),
        biasGradient: gradient(layer, "bias"),
        rectified: before !== undefined && leavesToNext(model, before),
        leftToNext: leavesToNext(model, layer),
      }),
    );
  }
  return {
    block: 1,
    stages: splitIntoStages([...forward, ...backward]),
    tables: shared.tables,
    x: { ...activations("x"), column: 1 },
    logits,
    bordersOfMinusInfinity: [],
  };
}

/** The layers around a tensor. */
interface Place {
  readonly producer: ModelLayer | undefined;
  readonly user: ModelLayer | undefined;
}

function borderOf(side: "padding" | "reach", layer: ModelLayer | undefined): Border {
  return (layer && loweringOf(layer)[side]?.(layer.resolved)) ?? NO_BORDER;
}

/**
 * Room for all tensors; gives them by their names. A ReLU that is fused into the layer before it has the same input and
 * output: what is around the one is around the other.
 */
function allocateAll(
  { model, workspace }: PassesContext,
  prefix: string,
  borderAround: (place: Place) => Border,
): (tensor: string) => Rows {
  const all = new Map<string, Rows>();
  const userOf = (tensor: string) => model.uses.get(tensor)?.[0].layer;
  for (const tensor of ["x", ...model.layers.map(({ output }) => output)]) {
    const producer = producerOf(model, tensor);
    if (producer && isFusedRelu(model, producer)) {
      all.set(tensor, known(all.get(producer.inputs[0])));
      continue;
    }
    const shape = producer?.outputShape ?? model.inputShape;
    const relu = producer && fusedRelu(model, producer);
    const border = widest(
      borderAround({ producer, user: userOf(tensor) }),
      relu ? borderAround({ producer: relu, user: userOf(relu.output) }) : NO_BORDER,
    );
    const name = `${prefix}${tensor}`;
    const rows =
      shape.length === 3
        ? allocateRows(workspace, name, [shape[0], shape[1], shape[2]], border)
        : allocateRows(workspace, name, [1, 1, shape[0]]);
    all.set(tensor, rows);
  }
  return (tensor) => known(all.get(tensor));
}
