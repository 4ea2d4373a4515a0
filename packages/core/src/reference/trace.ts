import type { Model } from "../graph/model.js";
import { softmax } from "../losses/softmax.js";
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from "../losses/softmaxCrossEntropy.js";
import { resolveOptimizer, updateParameter } from "../optimizers/index.js";
import { checkRange } from "../optimizers/optimizer.js";
import { type Checks, checkOptions, flag } from "../options.js";
import { copyOf, type NamedTensors, type Tensor, tensor } from "../tensor.js";
import { checkBatch, checkLabels } from "./inputs.js";

/** Every number of one step, forward and backward, under its contract name. */
export interface Trace {
  readonly model: Model;
  /** Class indices, `[N]`. */
  readonly labels: ArrayLike<number>;
  /** Mean over the batch. */
  readonly loss: number;
  /**
   * `x`, the parameters, `conv1.out`, ..., `probs`, and the gradients of the loss: `grad.fc1.out`, `grad.fc1.weight`, ...
   * `grad.x`.
   */
  readonly tensors: NamedTensors;
  /** Where the parameters have been updated, and `tensors` holds them as `new.conv1.weight`, ...: the step's size. */
  readonly learningRate?: number;
}

/** Everything that a trace holds as tensors, also what is none in it: `y` [N] (class indices), `loss` [] and `lr` []. */
export function tensorsOf({ tensors, labels, loss, learningRate }: Trace): NamedTensors {
  const single = (value: number) => tensor([], [value], "float64");
  const all: NamedTensors = {};
  for (const [name, one] of Object.entries(tensors)) {
    all[name] = one;
    if (name === "x") all.y = tensor([labels.length], labels, "float64");
    if (name === "probs") all.loss = single(loss);
  }
  return learningRate === undefined ? all : { ...all, lr: single(learningRate) };
}

/**
 * The outputs of all layers for a batch `x` of shape `[N, C, H, W]`: `conv1.out`, `relu1.out`, ... in order.
 * @throws InputError if the batch or the parameters are not of the model's shapes
 */
export function forward(model: Model, parameters: NamedTensors, x: Tensor): NamedTensors {
  checkBatch(model, parameters, x);
  const outputs: NamedTensors = {};
  let current = x;
  for (const layer of model.layers) {
    current = layer.kind.forward(layer.resolved, current, parametersOf(layer, parameters));
    outputs[`${layer.name}.out`] = current;
  }
  return outputs;
}

/** The scores that the last layer gives, `[N, classes]`. */
export function logits(model: Model, parameters: NamedTensors, x: Tensor): Tensor {
  return forward(model, parameters, x)[`${model.layers[model.layers.length - 1].name}.out`];
}

export interface TraceOptions {
  /** Whether `grad.x`, and the gradients on the way to it that no parameter needs, are wanted; default: yes. */
  readonly inputGradient?: boolean | undefined;
}

const traceChecks: Checks<TraceOptions> = { inputGradient: flag };

/**
 * Runs the textbook forward and backward.
 * @param x batch `[N, C, H, W]`, its dtype is the dtype of all results
 * @param labels class indices, `[N]`
 * @throws InputError if the batch, the parameters or the labels don't fit the model
 */
export function trace(
  model: Model,
  parameters: NamedTensors,
  x: Tensor,
  labels: ArrayLike<number>,
  options: TraceOptions = {},
): Trace {
  checkOptions("A trace", options, traceChecks);
  const { inputGradient = true } = options;
  const outputs = forward(model, parameters, x);
  checkLabels(model, x.shape[0], labels);
  const inputOf = (index: number) => (index === 0 ? x : outputs[`${model.layers[index - 1].name}.out`]);
  const scores = inputOf(model.layers.length);

  const gradients: NamedTensors = {};
  const firstThatLearns = model.layers.findIndex((layer) => layer.parameters.length > 0);
  let gradient = softmaxCrossEntropyGradient(scores, labels);
  for (let index = model.layers.length - 1; index >= 0; index--) {
    const layer = model.layers[index];
    gradients[`grad.${layer.name}.out`] = gradient;
    const own = layer.kind.parameterGradients(layer.resolved, inputOf(index), gradient);
    for (const [name, parameterGradient] of Object.entries(own)) {
      gradients[`grad.${layer.name}.${name}`] = parameterGradient;
    }
    if (!inputGradient && index <= firstThatLearns) break;
    gradient = layer.kind.inputGradient(
      layer.resolved,
      inputOf(index),
      parametersOf(layer, parameters),
      gradient,
    );
    if (index === 0) gradients["grad.x"] = gradient;
  }

  return {
    model,
    labels,
    loss: softmaxCrossEntropy(scores, labels),
    tensors: { x, ...parameters, ...outputs, probs: softmax(scores), ...gradients },
  };
}

/**
 * The trace with one step of plain gradient descent after it: `new.conv1.weight` is `conv1.weight` less the learning rate
 * times `grad.conv1.weight`.
 */
export function withUpdate(step: Trace, learningRate: number): Trace {
  checkRange("learning rate", learningRate, 0);
  const updated = Object.fromEntries(
    step.model.parameters.map(({ fullName }) => {
      const parameter = copyOf(step.tensors[fullName]);
      updateParameter(PLAIN, parameter.data, step.tensors[`grad.${fullName}`].data, [], {
        step: 1,
        learningRate,
      });
      return [`new.${fullName}`, parameter];
    }),
  );
  return { ...step, learningRate, tensors: { ...step.tensors, ...updated } };
}

const PLAIN = resolveOptimizer({ type: "sgd", momentum: 0 });

/** The gradients of all parameters, under the parameters' names. */
export function parameterGradients({ model, tensors }: Trace): NamedTensors {
  return Object.fromEntries(model.parameters.map(({ fullName }) => [fullName, tensors[`grad.${fullName}`]]));
}

/** A layer's own parameters under their short names: `weight`, `bias`. */
function parametersOf(layer: Model["layers"][number], parameters: NamedTensors): NamedTensors {
  return Object.fromEntries(layer.parameters.map(({ name, fullName }) => [name, parameters[fullName]]));
}
