import type { NamedTensors, Shape, Tensor } from "../tensor.js";
import type { Explainer } from "./explain/explanation.js";
import type { Affine } from "./rescaled.js";

/** A layer as it stands in a model's JSON: its type, its options, and its place in the network. */
export interface LayerSpec {
  readonly type: string;
  /** What it is called; default: its kind and its number among its kind, such as `conv1`. */
  readonly name?: string;
  /** The names of the layers whose outputs go in, or `"x"` for the images; default: the layer before it in the list. */
  readonly from?: string | readonly string[];
}

/** A layer whose options are complete and whose shapes, of one image, are known. */
export interface ResolvedLayer {
  /** Of each input, for layers that take several; others take one. */
  readonly inputShapes?: readonly Shape[];
  /** Of the input, or the first of several. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
}

/** What a layer learns: `weight` or `bias`. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: Shape;
  /** How many inputs one output is summed from: what the initial weights are scaled by. 0: all start at `initial`. */
  readonly fanIn: number;
  /** Default 0. */
  readonly initial?: number;
}

/** What a layer keeps from batch to batch without learning it, such as the running mean of what came in. */
export interface StateInfo {
  readonly name: string;
  readonly shape: Shape;
  /** What all its numbers start at. */
  readonly initial: number;
  /** What none of its numbers can be below; default: there is no such number. */
  readonly smallest?: number;
}

/** Whether a network is being trained, or used as it has become: layers such as batch normalisation then do different things. */
export type Mode = "training" | "evaluation";

/** The circumstances in which a network runs. */
export interface Circumstances {
  readonly mode: Mode;
  /** Of the training: a whole number in [0, 2^32). */
  readonly seed: number;
  /** Of the training, over all epochs, counted from 1. */
  readonly step: number;
}

/** What a layer's functions may depend on besides the numbers that go in. */
export interface Context extends Circumstances {
  /** The layer's place among the network's, counted from 0. */
  readonly node: number;
}

/** The first step of a training, in the first layer: what layers that don't look at it are called with. */
export const FIRST_STEP: Context = { mode: "training", seed: 0, step: 1, node: 0 };

/** What is said about a layer, in plain sentences, wherever it is shown. */
export interface LayerWords {
  /** What such layers are called: `convolution`. */
  readonly kind: string;
  /** This layer in a few words, with the options that aren't the usual ones: `conv 3x3 (8 filters, stride 2)`. */
  readonly short: string;
  /** What it does to numbers on their way forward. */
  readonly forward: string;
  /** How gradients come back through it. */
  readonly backward: string;
}

/** What is done to each channel first: `(x - mean) / deviation`. One number of each for a channel. */
export interface ChannelStatistics {
  readonly mean: Float64Array;
  /** The root of the variance and of the small number that keeps it above 0. */
  readonly deviation: Float64Array;
}

/**
 * The textbook of one kind of layer. Tensors that go in and out are batches: `[N, ...shape of one image]`.
 * All functions are pure; results have the dtype of their input, sums are kept in float64. Nothing is kept from forward for
 * backward: what it needs it computes again. `parameters` are the layer's own under their short names, its state among them;
 * `context` is FIRST_STEP where it is left out.
 */
export interface Layer<Spec extends LayerSpec, Resolved extends ResolvedLayer> {
  readonly type: Spec["type"];
  /** What such layers are called in a model, before their number: `conv` for `conv1`, `conv2`, ... */
  readonly prefix: string;
  /** Whether it takes two or more inputs; others take exactly one. */
  readonly takesSeveral?: true;
  /**
   * Completes the options and works out the output's shape.
   * @param spec without `name` and `from`
   * @throws InputError for an option that is unknown, missing or wrong, or an input that the layer can't take.
   */
  resolve(spec: Spec, ...inputShapes: [Shape, ...Shape[]]): Resolved;
  parameters(layer: Resolved): ParameterInfo[];
  /** Default: nothing. */
  state?(layer: Resolved): StateInfo[];
  /** The state after a step of training on these inputs, `parameters` being as before it. */
  nextState?(layer: Resolved, inputs: readonly Tensor[], parameters: NamedTensors): NamedTensors;
  /** How many images a batch must have at least, in training; default 1. */
  fewestImages?(layer: Resolved): number;
  /** Whether what it does depends on `context`. */
  readonly looksAtContext?: true;
  /** Whether outputs bend with inputs, instead of following straight lines from kink to kink: slopes then need small steps. */
  readonly curved?: true;
  /** Whether none of its outputs is ever below 0, whatever goes in. */
  readonly neverNegative?: true;
  /** Multiplications that are added to a sum, for one image on its way forward. */
  multiplyAdds(layer: Resolved): number;
  forward(layer: Resolved, inputs: readonly Tensor[], parameters: NamedTensors, context?: Context): Tensor;
  /** The gradients of the loss with respect to each input, from its gradient with respect to the output. */
  inputGradients(
    layer: Resolved,
    inputs: readonly Tensor[],
    parameters: NamedTensors,
    outputGradient: Tensor,
    context?: Context,
  ): Tensor[];
  /** The gradients of the loss with respect to each parameter, summed over the batch. */
  parameterGradients(
    layer: Resolved,
    inputs: readonly Tensor[],
    outputGradient: Tensor,
    parameters?: NamedTensors,
    context?: Context,
  ): NamedTensors;
  /**
   * Where the layer has kinks: which way each output cell is made (whether a ReLU's gate is open, which cell won a pool's
   * window). Where a small step changes one, the output has no one slope, and no finite difference can tell the gradient.
   */
  branches?(layer: Resolved, inputs: readonly Tensor[]): Uint32Array;
  /** Whether its output channels are sums of inputs times its `weight`, plus its `bias`, of which a spec can say whether there is one. */
  readonly rescales?: true;
  /** If all that it does in evaluation is to multiply each channel and to add something: what. */
  affine?(layer: Resolved, parameters: NamedTensors): Affine;
  /** If it takes a mean from each channel and divides by a deviation: which, with these inputs. */
  statistics?(
    layer: Resolved,
    inputs: readonly Tensor[],
    parameters: NamedTensors,
    context: Context,
  ): ChannelStatistics;
  /** Whether in evaluation everything passes as it is. */
  readonly passesInEvaluation?: true;
  words(layer: Resolved): LayerWords;
  /** The terms that add up to any one cell of these results. */
  readonly explain: Explainer<Resolved>;
}
