import { type Cell, offsetOf } from "../../cell.js";
import type { Tensor } from "../../tensor.js";
import type { Context, ResolvedLayer } from "../layer.js";

/** A number that a term is made of. Without a cell it is a constant, such as 1/N or a pixel of the padding. */
export interface Factor {
  readonly value: number;
  readonly cell?: Cell;
  /** What it is, where that isn't plain from its cell. */
  readonly label?: string;
}

/** One summand: the product of its factors. */
export interface Term {
  readonly factors: readonly Factor[];
  readonly value: number;
  /** What sets it apart from the other terms: `bias`, `winner`, `padding`, ... */
  readonly role?: TermRole;
}

export type TermRole = "bias" | "winner" | "padding" | "target" | "step";

/**
 * What is done to make a cell. `sum`: products are added. `maximum`: the largest is taken. `normalise`: the mean is taken
 * away and the deviation divided by. `gate`: a number passes or doesn't. `function`: a function of one number is taken, or
 * its slope. `copy`: a number stays what it is. `softmax`, `loss`: those formulas. `difference`: p - y. `collect`: what
 * comes back from several layers is added. `update`: old - lr times gradient. `given`: nothing, it was there before.
 */
export type Rule =
  | "sum"
  | "maximum"
  | "normalise"
  | "gate"
  | "function"
  | "copy"
  | "softmax"
  | "loss"
  | "difference"
  | "update"
  | "collect"
  | "given";

/** How a cell came to its value. */
export interface Account {
  readonly rule: Rule;
  /** They add up to the cell's value: in this order and in float64 just as the textbook does. */
  readonly terms: readonly Term[];
  /** What took part without being added: a pool's losers, what a ReLU held back, the other logits of a softmax. */
  readonly others: readonly Factor[];
  /** One plain sentence. */
  readonly says: string;
}

/** A tensor and the name that it has in its trace. */
export interface NamedTensor extends Tensor {
  readonly name: string;
}

/**
 * The tensors around a layer by what they are to it: `x` (`x1`, `x2`, ... if it takes several), `out`, `weight`, `bias`,
 * and their gradients `grad.x`, `grad.out`, `grad.weight`, `grad.bias`. @throws InputError if the trace doesn't have it.
 */
export type Around = (tensor: string) => NamedTensor;

/** The cells of a layer, each with its account. Indices are those of batches: the image comes first. */
export interface Explainer<Resolved extends ResolvedLayer> {
  /** A cell of the output. */
  output(layer: Resolved, around: Around, index: readonly number[], context: Context): Account;
  /** What comes to a cell of the gradient of input number `input`, counted from 0. */
  inputGradient(
    layer: Resolved,
    around: Around,
    index: readonly number[],
    input: number,
    context: Context,
  ): Account;
  /** A cell of the gradient of the parameter `name`. */
  parameterGradient(
    layer: Resolved,
    around: Around,
    name: string,
    index: readonly number[],
    context: Context,
  ): Account;
  /**
   * The other way round: the cells of `out`, `grad.x` and the parameters' gradients in whose accounts this cell of `x`, of
   * a parameter, of the state or of `grad.out` stands. Tensors are named as in `Around`.
   */
  uses(layer: Resolved, around: Around, cell: Cell, context: Context): Cell[];
}

/** The value of a cell, as a factor. */
export function factorAt(tensor: NamedTensor, index: readonly number[], label?: string): Factor {
  const value = tensor.data[offsetOf(tensor.shape, index)];
  return { value, cell: { tensor: tensor.name, index }, ...(label !== undefined && { label }) };
}

/** The product of factors. */
export function product(factors: readonly Factor[], role?: TermRole): Term {
  // what lies in the padding adds nothing, whatever it is multiplied with
  const value = role === "padding" ? 0 : factors.reduce((value, factor) => value * factor.value, 1);
  return { factors, value, ...(role !== undefined && { role }) };
}
