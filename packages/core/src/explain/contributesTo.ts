import { type Cell, cellAddress, checkCell, indexAt } from "../cell.js";
import type { Model } from "../graph/model.js";
import { contractName } from "../reference/names.js";
import { contextOf, type Trace, tensorsOf } from "../reference/trace.js";
import { sizeOf } from "../tensor.js";
import { around, localInputs, type Names, namesAround, namesAroundLoss, tensorNamed } from "./place.js";

/**
 * The cells in whose explanations this one stands, as a factor or among the others: the exact inverse of `explain`. First
 * those of the forward pass (the outputs that a pixel or a weight goes into), then those of the backward pass and the
 * update. Only cells of tensors that the trace has.
 * @throws InputError if the trace has no such tensor, or the tensor no such cell.
 */
export function contributesTo(trace: Trace, { tensor: name, index }: Cell): Cell[] {
  const tensors = tensorsOf(trace);
  const cell = { tensor: contractName(trace.model, name), index };
  checkCell(cell, tensorNamed(tensors, cell.tensor));
  const { model, circumstances } = trace;
  const cells: Cell[] = [];
  const add = (names: Names, found: readonly Cell[]) =>
    cells.push(...found.map(({ tensor, index }) => ({ tensor: names(tensor), index })));

  const end = namesAroundLoss(model);
  for (const local of ["logits", "probs", "y"].filter((local) => end(local) === cell.tensor)) {
    add(end, model.loss.explain.uses(around(tensors, end), { tensor: local, index: cell.index }));
  }
  for (const layer of model.layers) {
    const { kind, resolved, parameters, state, inputs } = layer;
    const names = namesAround(layer);
    const own = [...parameters, ...state].map(({ name }) => name);
    const locals = [...localInputs(inputs), ...own, "grad.out"];
    for (const local of locals.filter((local) => names(local) === cell.tensor)) {
      const here = { tensor: local, index: cell.index };
      const context = contextOf(layer, circumstances);
      add(names, kind.explain.uses(resolved, around(tensors, names), here, context));
    }
  }
  cells.push(...updates(model, cell));
  return distinct(cells.filter(({ tensor }) => Object.hasOwn(tensors, tensor)));
}

/** Each cell once: a number that goes into a layer twice is in the accounts of the same cells. */
function distinct(cells: readonly Cell[]): Cell[] {
  return [...new Map(cells.map((cell) => [cellAddress(cell), cell])).values()];
}

/** The parameters after the update that a parameter, its gradient or the learning rate goes into. */
function updates(model: Model, { tensor, index }: Cell): Cell[] {
  return model.parameters.flatMap(({ fullName, shape }) => {
    const updated = (index: readonly number[]): Cell => ({ tensor: `new.${fullName}`, index });
    if (tensor === "lr") return Array.from({ length: sizeOf(shape) }, (_, k) => updated(indexAt(shape, k)));
    return tensor === fullName || tensor === `grad.${fullName}` ? [updated(index)] : [];
  });
}
