import { type Cell, checkCell, offsetOf } from "../cell.js";
import { type Account, factorAt, product } from "../layers/explain/explanation.js";
import { contractName } from "../reference/names.js";
import { contextOf, type Trace, tensorsOf } from "../reference/trace.js";
import type { NamedTensors } from "../tensor.js";
import { around, namesAround, namesAroundLoss, tensorNamed } from "./place.js";

/** How one number of a trace came to its value. */
export interface Explanation extends Account {
  readonly cell: Cell;
  /** As the trace holds it. */
  readonly value: number;
  /** Of the terms, in float64. The stored value differs from it by the rounding of its dtype. */
  readonly sum: number;
  /** Where the rule is `collect`: the layers that it comes back from, the terms of each by themselves. */
  readonly ways?: readonly Way[];
}

/** What comes back to a number from one of the layers that it goes into. */
export interface Way extends Account {
  readonly layer: string;
  /** As which of the layer's inputs the number went in, counted from 0. */
  readonly input: number;
  readonly sum: number;
}

/**
 * Where a number comes from: the terms that add up to it, forward or backward.
 * @throws InputError if the trace has no such tensor, or the tensor no such cell.
 */
export function explain(trace: Trace, { tensor: name, index }: Cell): Explanation {
  const tensors = tensorsOf(trace);
  const cell = { tensor: contractName(trace.model, name), index };
  const { shape, data } = tensorNamed(tensors, cell.tensor);
  checkCell(cell, { shape, data });
  const account = accountOf(trace, tensors, cell);
  return { cell, value: data[offsetOf(shape, cell.index)], sum: sumOf(account), ...account };
}

function accountOf(
  trace: Trace,
  tensors: NamedTensors,
  { tensor, index }: Cell,
): Account & Pick<Explanation, "ways"> {
  const { model, circumstances } = trace;
  const given = () => givenNumber(tensors, { tensor, index });
  if (tensor === "y" || tensor === "lr") return given();
  if (tensor.startsWith("new.")) return updated(tensors, tensor.slice("new.".length), index);

  const { explain: loss } = model.loss;
  const atEnd = around(tensors, namesAroundLoss(model));
  if (tensor === "probs") return loss.probability(atEnd, index);
  if (tensor === "loss") return loss.loss(atEnd);
  if (tensor === namesAroundLoss(model)("grad.logits")) return loss.inputGradient(atEnd, index);

  for (const layer of model.layers) {
    const { kind, resolved, parameters } = layer;
    const here = around(tensors, namesAround(layer));
    const context = contextOf(layer, circumstances);
    if (tensor === layer.output) return kind.explain.output(resolved, here, index, context);
    const parameter = parameters.find(({ fullName }) => tensor === `grad.${fullName}`);
    if (parameter) return kind.explain.parameterGradient(resolved, here, parameter.name, index, context);
  }
  if (tensor === "x" || !tensor.startsWith("grad.")) return given();
  const ways = waysBack(trace, tensors, { tensor, index });
  return ways.length === 1 ? ways[0] : added(ways);
}

/**
 * What comes to a number of a gradient from each layer that takes the tensor, in the order in which the trace adds it: from
 * the last layer first.
 */
export function waysBack(
  { model, circumstances }: Pick<Trace, "model" | "circumstances">,
  tensors: NamedTensors,
  { tensor, index }: Cell,
): Way[] {
  const uses = model.uses.get(tensor.slice("grad.".length)) ?? [];
  return [...uses].reverse().map(({ layer, input }) => {
    const here = around(tensors, namesAround(layer));
    const context = contextOf(layer, circumstances);
    const account = layer.kind.explain.inputGradient(layer.resolved, here, index, input, context);
    return { ...account, layer: layer.name, input, sum: sumOf(account) };
  });
}

/** What comes back to a number from all layers that it goes into. */
function added(ways: readonly Way[]): Account & Pick<Explanation, "ways"> {
  return {
    rule: "collect",
    terms: ways.flatMap(({ terms }) => terms),
    others: ways.flatMap(({ others }) => others),
    says: `This number goes on in ${ways.length} ways, and what comes back from them (${ways.map(({ layer }) => layer).join(", ")}) is added.`,
    ways,
  };
}

function sumOf({ terms }: Account): number {
  return terms.reduce((sum, { value }) => sum + value, 0);
}

function givenNumber(tensors: NamedTensors, { tensor, index }: Cell): Account {
  const { value } = factorAt({ name: tensor, ...tensors[tensor] }, index);
  const says =
    tensor === "x"
      ? "A pixel of the image, as it goes into the network."
      : tensor === "y"
        ? index.length === 2
          ? "1 if the image shows this class, as its labels say, else 0."
          : "The right class of the image, as its label says."
        : tensor === "lr"
          ? "The learning rate: how large a step the update takes."
          : "A parameter: it was there before the step, and only an update changes it.";
  return { rule: "given", terms: [product([{ value, label: "given" }])], others: [], says };
}

function updated(tensors: NamedTensors, parameter: string, index: readonly number[]): Account {
  const at = (name: string, index: readonly number[]) =>
    factorAt({ name, ...tensorNamed(tensors, name) }, index);
  const step = [{ value: -1, label: "against the gradient" }, at("lr", []), at(`grad.${parameter}`, index)];
  return {
    rule: "update",
    terms: [product([at(parameter, index)]), product(step, "step")],
    others: [],
    says: "The parameter as it was, less the learning rate times its gradient: a small step downhill.",
  };
}
