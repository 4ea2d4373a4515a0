import type { NamedTensors, Shape, Tensor } from "../tensor.js";
import type { Explainer } from "./explain/explanation.js";

/** A layer as it stands in a model's JSON: its type and its options. */
export interface LayerSpec {
  readonly type: string;
}

/** A layer whose options are complete and whose shapes, of one image, are known. */
export interface ResolvedLayer {
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

/**
 * The textbook of one kind of layer. Tensors that go in and out are batches: `[N, ...shape of one image]`.
 * All functions are pure; results have the dtype of their input, sums are kept in float64.
 */
export interface Layer<Spec extends LayerSpec, Resolved extends ResolvedLayer> {
  readonly type: Spec["type"];
  /** What such layers are called in a model, before their number: `conv` for `conv1`, `conv2`, ... */
  readonly prefix: string;
  /**
   * Completes the options and works out the output's shape.
   * @throws InputError for an option that is unknown, missing or wrong, or an input that the layer can't take.
   */
  resolve(spec: Spec, inputShape: Shape): Resolved;
  parameters(layer: Resolved): ParameterInfo[];
  /** Multiplications that are added to a sum, for one image on its way forward. */
  multiplyAdds(layer: Resolved): number;
  forward(layer: Resolved, x: Tensor, parameters: NamedTensors): Tensor;
  /** The gradient of the loss with respect to `x`, from its gradient with respect to the output. */
  inputGradient(layer: Resolved, x: Tensor, parameters: NamedTensors, outputGradient: Tensor): Tensor;
  /** The gradients of the loss with respect to each parameter, summed over the batch. */
  parameterGradients(layer: Resolved, x: Tensor, outputGradient: Tensor): NamedTensors;
  /**
   * Where the layer has kinks: which way each output cell is made (whether a ReLU's gate is open, which cell won a pool's
   * window). Where a small step changes one, the output has no one slope, and no finite difference can tell the gradient.
   */
  branches?(layer: Resolved, x: Tensor): Uint32Array;
  /** The terms that add up to any one cell of these results. */
  readonly explain: Explainer<Resolved>;
}
