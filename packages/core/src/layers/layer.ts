import type { NamedTensors, Shape, Tensor } from "../tensor.js";
import type { Explainer } from "./explain/explanation.js";

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
  /** How many go in, for layers that take several; others take one. */
  readonly inputCount?: number;
  /** Of each input: layers that take several take them of one shape. */
  readonly inputShape: Shape;
  readonly outputShape: Shape;
}

/** What a layer learns: `weight` or `bias`. */
export interface ParameterInfo {
  readonly name: string;
  readonly shape: Shape;
  /** How many inputs one output is summed from: what the initial weights are scaled by. 0: starts at zero. */
  readonly fanIn: number;
}

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

/**
 * The textbook of one kind of layer. Tensors that go in and out are batches: `[N, ...shape of one image]`.
 * All functions are pure; results have the dtype of their input, sums are kept in float64. Nothing is kept from forward for
 * backward: what it needs it computes again.
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
  /** Multiplications that are added to a sum, for one image on its way forward. */
  multiplyAdds(layer: Resolved): number;
  forward(layer: Resolved, inputs: readonly Tensor[], parameters: NamedTensors): Tensor;
  /** The gradients of the loss with respect to each input, from its gradient with respect to the output. */
  inputGradients(
    layer: Resolved,
    inputs: readonly Tensor[],
    parameters: NamedTensors,
    outputGradient: Tensor,
  ): Tensor[];
  /** The gradients of the loss with respect to each parameter, summed over the batch. */
  parameterGradients(layer: Resolved, inputs: readonly Tensor[], outputGradient: Tensor): NamedTensors;
  /**
   * Where the layer has kinks: which way each output cell is made (whether a ReLU's gate is open, which cell won a pool's
   * window). Where a small step changes one, the output has no one slope, and no finite difference can tell the gradient.
   */
  branches?(layer: Resolved, inputs: readonly Tensor[]): Uint32Array;
  words(layer: Resolved): LayerWords;
  /** The terms that add up to any one cell of these results. */
  readonly explain: Explainer<Resolved>;
}
