import { type Cell, checkCell, offsetOf } from "../cell.js";
import type { ModelLayer } from "../graph/model.js";
import { type Account, factorAt, product } from "../layers/explain/explanation.js";
import { contractName } from "../reference/names.js";
import { type Trace, tensorsOf } from "../reference/trace.js";
import type { NamedTensors } from "../tensor.js";
import { around, namesAround, namesAroundLoss, tensorNamed } from "./place.js";

/** How one number of a trace came to its value. */
export interface Explanation extends Account {
  readonly cell: Cell;
  /** As the trace holds it. */
  readonly value: number;
  /** Of the terms, in float64. The stored value differs from it by the rounding of its dtype. */
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
  const sum = account.terms.reduce((sum, { value }) => sum + value, 0);
  return { cell, value: data[offsetOf(shape, cell.index)], sum, ...account };
}

function accountOf({ model }: Trace, tensors: NamedTensors, { tensor, index }: Cell): Account {
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
    if (tensor === layer.output) return kind.explain.output(resolved, here, index);
    const parameter = parameters.find(({ fullName }) => tensor === `grad.${fullName}`);
    if (parameter) return kind.explain.parameterGradient(resolved, here, parameter.name, index);
  }
  const uses = model.uses.get(tensor.replace(/^grad\./, ""));
  if (uses === undefined || tensor === "x") return given();
  // in the order in which the trace adds what comes back: from the last layer first
  const ways = [...uses].reverse().map(({ layer, input }) => ({
    layer,
    account: layer.kind.explain.inputGradient(
      layer.resolved,
      around(tensors, namesAround(layer)),
      index,
      input,
    ),
  }));
  return ways.length === 1 ? ways[0].account : added(ways);
}

/** What comes back to a number from all layers that it goes into. */
function added(ways: readonly { readonly layer: ModelLayer; readonly account: Account }[]): Account {
  return {
    rule: "collect",
    terms: ways.flatMap(({ account }) => account.terms),
    others: ways.flatMap(({ account }) => account.others),
    says: `This number goes on in ${ways.length} ways, and what comes back from them (${ways.map(({ layer }) => layer.name).join(", ")}) is added.`,
  };
}

function givenNumber(tensors: NamedTensors, { tensor, index }: Cell): Account {
  const { value } = factorAt({ name: tensor, ...tensors[tensor] }, index);
  const says =
    tensor === "x"
      ? "A pixel of the image, as it goes into the network."
      : tensor === "y"
        ? "The right class of the image, as its label says."
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
