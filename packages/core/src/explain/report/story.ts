import { type Cell, cellAddress, offsetOf } from "../../cell.js";
import { InputError } from "../../errors.js";
import { type Model, type ModelLayer, producerOf } from "../../graph/model.js";
import { html, type Markup } from "../../html.js";
import type { ResolvedLayer } from "../../layers/layer.js";
import { classesSaid, classesShown } from "../../losses/labels.js";
import { short } from "../../presentation/numbers.js";
import { contextOf, inputsOf, parametersOf, type Trace, tensorsOf } from "../../reference/trace.js";
import { largestInRows, type NamedTensors, type Shape, sizeOf, type Tensor } from "../../tensor.js";
import { type Explanation, explain, waysBack } from "../explain.js";
import { type FiniteDifference, finiteDifferences } from "../finiteDifference.js";
import { followedCells } from "../followed.js";

/** What a report is about. */
export interface ReportSubject {
  /** One image, forward, backward and updated (`withUpdate`). */
  readonly trace: Trace;
  /** What the network is called: `one-conv, 8 filters`. */
  readonly modelName: string;
  /** Whether it has learnt; fresh weights know nothing yet. */
  readonly trained: boolean;
  /** What the image is called: `test image 7 of MNIST`, `seven.png`. */
  readonly imageName: string;
  /** Whether the label is known; otherwise it is the network's own answer. */
  readonly labelKnown: boolean;
}

/** All that the chapters tell from. */
export interface Story extends ReportSubject {
  /** Those of the trace, and where a gradient is added up from several layers, what comes from each (`partName`). */
  readonly tensors: NamedTensors;
  /** The class with the largest score. */
  readonly winner: number;
  /** The classes that the network says the picture shows: one, or with several labels at once several, or none. */
  readonly said: readonly number[];
  /** The classes that it shows. */
  readonly right: readonly number[];
  readonly learningRate: number;
  /** For each tensor, and by its name without `grad.` and `new.`, the cell that the chapters follow. */
  readonly followed: Record<string, Cell>;
  /** The slope of the loss along a number, by trying. */
  readonly tried: (cell: Cell) => FiniteDifference;
  /** Terms that have been explained: each is where it first appears. */
  readonly told: Set<string>;
}

/** @throws InputError unless the trace is of one image and updated */
export function storyOf(subject: ReportSubject): Story {
  const { trace } = subject;
  const { model, tensors, labels, learningRate } = trace;
  const [images] = tensors.x.shape;
  if (images !== 1) {
    throw new InputError(`A report tells of one image, but the trace is of a batch of ${images}.`);
  }
  if (learningRate === undefined) {
    throw new InputError(
      "A report tells of an update, too, but the trace has none; make one with withUpdate.",
    );
  }
  if (!Object.hasOwn(tensors, "grad.x")) {
    throw new InputError(
      "A report shows every gradient, but the trace lacks grad.x; make it with inputGradient.",
    );
  }
  const logits = tensors[model.output];
  return {
    ...subject,
    tensors: { ...tensorsOf(trace), ...partsOf(trace) },
    winner: largestInRows(logits)[0],
    said: classesSaid(model.loss, logits, 0),
    right: classesShown(labels, logits.shape, 0),
    learningRate,
    followed: followedCells(trace),
    tried: finiteDifferences(trace),
    told: new Set(),
  };
}

/** What a layer gives back to a gradient that others give to, too: `grad.relu1.out via conv2`. */
const VIA = " via ";

function partName({ uses }: Model, { name, inputs }: ModelLayer, input: number): string {
  const tensor = inputs[input];
  const gradient = `grad.${tensor}`;
  if ((uses.get(tensor) ?? []).length < 2) return gradient;
  const again = inputs.indexOf(tensor) !== inputs.lastIndexOf(tensor);
  return `${gradient}${VIA}${name}${again ? `, input ${input + 1}` : ""}`;
}

/** Whether a gradient is only a part of what comes back. */
export const isPart = (gradient: string) => gradient.includes(VIA);

/** Of a part, where it comes from: `conv2`. */
export const sourceOf = (part: string) => part.split(VIA)[1];

/** What each layer gives back to the gradients that several give to. */
function partsOf({ model, tensors, circumstances }: Trace): NamedTensors {
  const parts: NamedTensors = {};
  for (const layer of model.layers) {
    const names = layer.inputs.map((_, k) => partName(model, layer, k));
    if (!names.some(isPart)) continue;
    const { kind, resolved, output } = layer;
    const [inputs, parameters] = [inputsOf(layer, tensors), parametersOf(layer, tensors)];
    const context = contextOf(layer, circumstances);
    const all = kind.inputGradients(resolved, inputs, parameters, tensors[`grad.${output}`], context);
    for (const [k, name] of names.entries()) if (isPart(name)) parts[name] = all[k];
  }
  return parts;
}

/** The names of the parts of a gradient, in the order in which they are added; one, its own, where there is only one. */
export function partsOfGradient({ trace: { model } }: Story, tensor: string): string[] {
  return [...(model.uses.get(tensor) ?? [])]
    .reverse()
    .map(({ layer, input }) => partName(model, layer, input));
}

/** How a cell came to its value; a cell of a part, too. */
export function explained(story: Story, cell: Cell): Explanation {
  const { trace } = story;
  if (!isPart(cell.tensor)) return explain(trace, cell);
  const [tensor] = cell.tensor.split(VIA);
  const way = waysBack(trace, story.tensors, { tensor, index: cell.index })[
    partsOfGradient(story, tensor.slice("grad.".length)).indexOf(cell.tensor)
  ];
  return { ...way, cell, value: valueAt(story, cell) };
}

/** A layer in its place: the names of the tensors around it. */
export interface LayerPlace<Resolved extends ResolvedLayer = ResolvedLayer> {
  readonly story: Story;
  readonly layer: ModelLayer<Resolved>;
  /** The name of what goes in: `x`, `pool1.out`. Of several, the first. */
  readonly input: string;
  /** The gradient that the layer gives back to it: `grad.pool1.out`, or its part of that. */
  readonly back: string;
  /** The same for all inputs. */
  readonly backs: readonly string[];
  readonly output: string;
}

export function placesOf(story: Story): LayerPlace[] {
  const { model } = story.trace;
  return model.layers.map((layer) => {
    const backs = layer.inputs.map((_, k) => partName(model, layer, k));
    return { story, layer, input: layer.inputs[0], back: backs[0], backs, output: layer.output };
  });
}

/** Whether the layer gives the scores of the classes. */
export function isLast({ story, output }: LayerPlace): boolean {
  return output === story.trace.model.output;
}

export function tensorOf({ tensors }: Story, name: string): Tensor {
  return tensors[name];
}

export function valueAt(story: Story, { tensor, index }: Cell): number {
  const { shape, data } = tensorOf(story, tensor);
  return data[offsetOf(shape, index)];
}

/** The followed cell of a tensor; that of a gradient lies where it lies in what it is the gradient of. */
export function followedCell({ followed }: Story, tensor: string): Cell {
  const [whole] = tensor.split(VIA);
  return { tensor, index: followed[whole.replace(/^(grad|new)\./, "")].index };
}

/** The address of a cell as code. */
export function address({ tensor, index }: Cell): Markup {
  const [whole, via] = tensor.split(VIA);
  return html`<code>${cellAddress({ tensor: whole, index })}</code>${via && ` ${VIA.trim()} ${via}`}`;
}

/** The name of a tensor as code. */
export const named = (tensor: string) => address({ tensor, index: [] });

/** `conv1.out[0, 3, 12, 7] = 0.842` as code. */
export function addressWithValue(story: Story, cell: Cell): Markup {
  return html`${address(cell)} = ${short(valueAt(story, cell))}`;
}

export function nameOf({ trace }: Story, classIndex: number): string {
  return trace.model.classes[classIndex];
}

/** A text that is told the first time only: what a term means. */
export function once({ told }: Story, term: string, text: Markup): Markup | undefined {
  if (told.has(term)) return undefined;
  told.add(term);
  return text;
}

/**
 * The shape of the image in which the numbers of a row lay; undefined where they never lay in one, or were mixed since. A
 * layer that learns nothing and gives as many numbers as it takes leaves each in its place.
 */
export function imageShapeBehind({ model }: Pick<Trace, "model">, tensor: string): Shape | undefined {
  const before = producerOf(model, tensor);
  if (before === undefined || before.parameters.length > 0) return undefined;
  const { inputShape, outputShape, inputs } = before;
  if (sizeOf(inputShape) !== sizeOf(outputShape)) return undefined;
  return inputShape.length === 3 ? inputShape : imageShapeBehind({ model }, inputs[0]);
}
