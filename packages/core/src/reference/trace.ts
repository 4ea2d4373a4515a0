import type { Model, ModelLayer } from "../graph/model.js";
import { type Circumstances, type Context, FIRST_STEP } from "../layers/layer.js";
import { areSeveral } from "../losses/labels.js";
import { meanLoss } from "../losses/loss.js";
import { resolveOptimizer, updateParameter } from "../optimizers/index.js";
import { checkRange } from "../optimizers/optimizer.js";
import { type Checks, checkOptions, flag, oneOf, SEED, whole } from "../options.js";
import { copyOf, type NamedTensors, type Tensor, tensor } from "../tensor.js";
import { checkBatch, checkImageCount, checkLabels, checkOutputs } from "./inputs.js";

/** Every number of one step, forward and backward, under its contract name. */
export interface Trace {
  readonly model: Model;
  /** Class indices, `[N]`; or several labels at once, `[N, classes]`: 1 for each class that an image shows, else 0. */
  readonly labels: ArrayLike<number>;
  /** Mean over the batch. */
  readonly loss: number;
  /**
   * `x`, the parameters, `conv1.out`, ..., `probs`, and the gradients of the loss: `grad.fc1.out`, `grad.fc1.weight`, ...
   * `grad.x`.
   */
  readonly tensors: NamedTensors;
  /** What the layers went by: default the first step of a training. */
  readonly circumstances?: Circumstances;
  /** Where the parameters have been updated, and `tensors` holds them as `new.conv1.weight`, ...: the step's size. */
  readonly learningRate?: number;
}

/** Everything that a trace holds as tensors, also what is none in it: `y` [N] (class indices), `loss` [] and `lr` []. */
export function tensorsOf({ tensors, labels, loss, learningRate }: Trace): NamedTensors {
  const single = (value: number) => tensor([], [value], "float64");
  const all: NamedTensors = {};
  for (const [name, one] of Object.entries(tensors)) {
    all[name] = one;
    if (name === "x") {
      const [N] = one.shape;
      all.y = tensor(areSeveral(labels, N) ? [N, labels.length / N] : [N], labels, "float64");
    }
    if (name === "probs") all.loss = single(loss);
  }
  return learningRate === undefined ? all : { ...all, lr: single(learningRate) };
}

/** A network as it is used after training. */
export const EVALUATION: Circumstances = { mode: "evaluation", seed: 0, step: 0 };

/**
 * The outputs of all layers for a batch `x` of shape `[N, C, H, W]`: `conv1.out`, `relu1.out`, ... in order.
 * @param circumstances default the first step of a training
 * @throws InputError if the batch or the parameters are not of the model's shapes, or images are too few for training
 */
export function forward(
  model: Model,
  parameters: NamedTensors,
  x: Tensor,
  circumstances: Circumstances = FIRST_STEP,
): NamedTensors {
  checkBatch(model, parameters, x);
  if (circumstances.mode === "training") checkImageCount(model, x.shape[0]);
  const tensors: NamedTensors = { ...parameters, x };
  const outputs: NamedTensors = {};
  for (const layer of model.layers)
    outputs[layer.output] = tensors[layer.output] = outputOf(layer, tensors, circumstances);
  return outputs;
}

/** The scores that the last layer gives, `[N, classes]`. */
export function logits(
  model: Model,
  parameters: NamedTensors,
  x: Tensor,
  circumstances: Circumstances,
): Tensor {
  return forward(model, parameters, x, circumstances)[model.output];
}

/** For which circumstances a step is traced, and how far back. */
export interface TraceOptions extends Partial<Circumstances> {
  /** Whether `grad.x`, and the gradients on the way to it that no parameter needs, are wanted; default: yes. */
  readonly inputGradient?: boolean | undefined;
}

export const circumstanceChecks: Checks<Circumstances> = {
  mode: oneOf(["training", "evaluation"]),
  seed: SEED,
  step: whole(0, Number.MAX_SAFE_INTEGER),
};

const traceChecks: Checks<TraceOptions> = { inputGradient: flag, ...circumstanceChecks };

/**
 * Runs the textbook forward and backward.
 * @param x batch `[N, C, H, W]`, its dtype is the dtype of all results
 * @param labels class indices, `[N]`; or several at once, `[N, classes]`
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
  const circumstances = circumstancesOf(options);
  const outputs = forward(model, parameters, x, circumstances);
  checkLabels(model, x.shape[0], labels);
  const scores = outputs[model.output];
  const gradients = gradientsOf(
    model,
    { ...parameters, ...outputs, x },
    labels,
    circumstances,
    inputGradient,
  );
  return {
    model,
    labels,
    circumstances,
    loss: meanLoss(model.loss, scores, labels),
    tensors: { x, ...parameters, ...outputs, probs: model.loss.probabilities(scores), ...gradients },
  };
}

/**
 * The gradients of the mean loss, from the last layer to the first: `grad.fc1.out`, `grad.fc1.weight`, ... `grad.x`. `forward` and
 * then this are what `trace` does, for who wants the outputs first.
 * @param tensors `x`, the parameters, and the outputs that `forward` gave for them in the same circumstances
 * @param labels class indices, `[N]`; or several at once, `[N, classes]`
 * @throws InputError if one of the tensors is missing or not of the model's shape, images are too few for training, or the labels
 *   don't fit the model
 */
export function backward(
  model: Model,
  tensors: NamedTensors,
  labels: ArrayLike<number>,
  options: TraceOptions = {},
): NamedTensors {
  checkOptions("The backward pass", options, traceChecks);
  const { inputGradient = true } = options;
  const circumstances = circumstancesOf(options);
  checkOutputs(model, tensors);
  const [N] = tensors.x.shape;
  if (circumstances.mode === "training") checkImageCount(model, N);
  checkLabels(model, N, labels);
  return gradientsOf(model, tensors, labels, circumstances, inputGradient);
}

/** What isn't said is as at the first step. */
function circumstancesOf({ mode, seed, step }: TraceOptions): Circumstances {
  const { mode: usualMode, seed: usualSeed, step: usualStep } = FIRST_STEP;
  return { mode: mode ?? usualMode, seed: seed ?? usualSeed, step: step ?? usualStep };
}

/** From the last layer to the first: when a layer's turn comes, all who take its output have had theirs. */
function gradientsOf(
  model: Model,
  tensors: NamedTensors,
  labels: ArrayLike<number>,
  circumstances: Circumstances,
  inputGradient: boolean,
): NamedTensors {
  const { loss, output } = model;
  const gradients: NamedTensors = { [`grad.${output}`]: loss.inputGradient(tensors[output], labels) };
  for (const layer of [...model.layers].reverse()) {
    const gradient = gradients[`grad.${layer.output}`];
    if (gradient === undefined) continue; // nobody needs it
    const { kind, resolved } = layer;
    const inputs = inputsOf(layer, tensors);
    const own = parametersOf(layer, tensors);
    const context = contextOf(layer, circumstances);
    const ofParameters = kind.parameterGradients(resolved, inputs, gradient, own, context);
    for (const [name, own] of Object.entries(ofParameters)) {
      gradients[`grad.${layer.name}.${name}`] = own;
    }
    if (!inputGradient && !layer.inputs.some((name) => model.learnt.has(name))) continue;
    const ways = kind.inputGradients(resolved, inputs, own, gradient, context);
    for (const [k, name] of layer.inputs.entries()) {
      if (inputGradient || model.learnt.has(name)) collect(gradients, `grad.${name}`, ways[k]);
    }
  }
  return gradients;
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

/** What the layers keep, after a step of training on the trace's batch: under full names. */
export function nextState({ model, tensors }: Trace): NamedTensors {
  return Object.fromEntries(
    model.layers.flatMap((layer) => {
      const { kind, resolved, name } = layer;
      const next = kind.nextState?.(resolved, inputsOf(layer, tensors), parametersOf(layer, tensors)) ?? {};
      return Object.entries(next).map(([short, value]) => [`${name}.${short}`, value]);
    }),
  );
}

/**
 * The outputs that a tensor goes into, computed anew, in order: those of all layers that depend on it.
 * @param tensors `x`, the parameters and the layers' outputs, the changed tensor among them
 * @param changed its name: `x`, a parameter's or an output's
 * @param circumstances default the first step of a training
 */
export function forwardFrom(
  model: Model,
  tensors: NamedTensors,
  changed: string,
  circumstances: Circumstances = FIRST_STEP,
): NamedTensors {
  const outputs: NamedTensors = {};
  const now = { ...tensors };
  for (const layer of layersAfter(model, changed))
    outputs[layer.output] = now[layer.output] = outputOf(layer, now, circumstances);
  return outputs;
}

/** The layers whose outputs depend on a tensor, in their order. */
export function layersAfter(model: Model, changed: string): ModelLayer[] {
  const isChanged = new Set([changed]);
  return model.layers.filter(({ inputs, parameters, output }) => {
    const depends = [...inputs, ...parameters.map(({ fullName }) => fullName)].some((name) =>
      isChanged.has(name),
    );
    if (depends) isChanged.add(output);
    return depends;
  });
}

/** What a layer gives, from what goes into it and its parameters among the tensors. */
function outputOf(layer: ModelLayer, tensors: NamedTensors, circumstances: Circumstances): Tensor {
  const parameters = parametersOf(layer, tensors);
  return layer.kind.forward(
    layer.resolved,
    inputsOf(layer, tensors),
    parameters,
    contextOf(layer, circumstances),
  );
}

/** What the functions of a layer may depend on. */
export function contextOf({ node }: ModelLayer, { mode, seed, step }: Circumstances = FIRST_STEP): Context {
  return { mode, seed, step, node };
}

/** What goes into a layer, among the tensors. */
export function inputsOf({ inputs }: ModelLayer, tensors: NamedTensors): Tensor[] {
  return inputs.map((name) => tensors[name]);
}

/** Adds what comes to a gradient on one way to what came on others. */
function collect(gradients: NamedTensors, name: string, { shape, data }: Tensor): void {
  const known = gradients[name]?.data;
  gradients[name] = { shape, data: known ? data.map((value, k) => known[k] + value) : data };
}

/** A layer's own parameters and state under their short names: `weight`, `bias`. */
export function parametersOf(layer: ModelLayer, parameters: NamedTensors): NamedTensors {
  return Object.fromEntries(
    [...layer.parameters, ...layer.state].map(({ name, fullName }) => [name, parameters[fullName]]),
  );
}
