import { type Cell, cellAddress, offsetOf } from "../../cell.js";
import { InputError } from "../../errors.js";
import { type ModelLayer, producerOf } from "../../graph/model.js";
import { html, type Markup } from "../../html.js";
import { short } from "../../presentation/numbers.js";
import { type Trace, tensorsOf } from "../../reference/trace.js";
import { largestInRows, type NamedTensors, type Shape, type Tensor } from "../../tensor.js";
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
  readonly tensors: NamedTensors;
  /** The class with the largest probability. */
  readonly winner: number;
  readonly label: number;
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
  if (labels.length !== 1) {
    throw new InputError(`A report tells of one image, but the trace is of a batch of ${labels.length}.`);
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
    tensors: tensorsOf(trace),
    winner: largestInRows(logits)[0],
    label: labels[0],
    learningRate,
    followed: followedCells(trace),
    tried: finiteDifferences(trace),
    told: new Set(),
  };
}

/** A layer in its place: the names of the tensors around it. */
export interface LayerPlace {
  readonly story: Story;
  readonly layer: ModelLayer;
  /** The name of what goes in: `x`, `pool1.out`. */
  readonly input: string;
  readonly output: string;
}

export function placesOf(story: Story): LayerPlace[] {
  const { layers } = story.trace.model;
  return layers.map((layer) => ({ story, layer, input: layer.inputs[0], output: layer.output }));
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
  return { tensor, index: followed[tensor.replace(/^(grad|new)\./, "")].index };
}

/** The address of a cell as code. */
export function address(cell: Cell): Markup {
  return html`<code>${cellAddress(cell)}</code>`;
}

/** `conv1.out[0, 3, 12, 7] = 0.842` as code. */
export function addressWithValue(story: Story, cell: Cell): Markup {
  return html`<code>${cellAddress(cell)}</code> = ${short(valueAt(story, cell))}`;
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
 * The image shape in which the numbers of a row lay before they were flattened; undefined where they never lay in an
 * image, or something mixed them since.
 */
export function imageShapeBehind({ story, layer }: Pick<LayerPlace, "story" | "layer">): Shape | undefined {
  const before = producerOf(story.trace.model, layer.inputs[0]);
  if (before === undefined) return undefined;
  if (before.inputShape.length === 3) return before.spec.type === "flatten" ? before.inputShape : undefined;
  return before.spec.type === "relu" ? imageShapeBehind({ story, layer: before }) : undefined;
}
