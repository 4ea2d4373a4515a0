import { type Cell, indexAt } from "../cell.js";
import type { Factor, Term } from "../layers/explain/explanation.js";
import type { Trace } from "../reference/trace.js";
import { largestInRows } from "../tensor.js";
import { explain } from "./explain.js";

/**
 * One number in each tensor, chosen so that they make one story: the score of the class that won, the input that spoke
 * most for it, what spoke most for that, and so on back to a pixel; of each layer that learns, the weight between them.
 * Where a layer takes several tensors, the story goes on in the one whose number is largest; in the others it marks the
 * number that took part. Backward the same cells are followed: `grad.conv1.out` at the place of `conv1.out`. Of a
 * batch, the first image.
 *
 * @returns for each name of a tensor (`x`, `conv1.out`, `conv1.weight`, `conv1.bias`, ...) a cell in it
 */
export function followedCells(trace: Trace): Record<string, Cell> {
  const { model, tensors } = trace;
  const cells: Record<string, Cell> = {};
  const logits = model.output;
  cells[logits] = { tensor: logits, index: [0, largestInRows(tensors[logits])[0]] };
  const story = new Set([logits]);
  for (const layer of [...model.layers].reverse()) {
    const cell = cells[layer.output];
    const { terms, others } = explain(trace, cell);
    const strongest = strongestTerm(terms, layer.inputs);
    // where all is padding no term has an input, but each has a weight of this output
    const factors = [...(strongest ? [strongest] : terms).flatMap((term) => term.factors), ...others];
    const all = [...factors, ...terms.flatMap((term) => term.factors)];
    const cellIn = (tensor: string): Cell =>
      factorOf(all, [tensor])?.cell ?? { tensor, index: indexAt(tensors[tensor].shape, 0) };
    for (const { fullName } of layer.parameters) cells[fullName] = cellIn(fullName);
    const next = story.has(layer.output) ? factorOf(factors, layer.inputs)?.cell?.tensor : undefined;
    for (const input of layer.inputs) {
      // a number that is in the story is chosen by it, any other by the last of the layers that take it
      if (input === next) story.add(input);
      else if (cells[input]) continue;
      cells[input] = cellIn(input);
    }
  }
  return cells;
}

/** The largest of the terms in which a number of one of these tensors takes part. */
function strongestTerm(terms: readonly Term[], inputs: readonly string[]): Term | undefined {
  let strongest: Term | undefined;
  for (const term of terms) {
    if (factorOf(term.factors, inputs) && !(strongest && strongest.value >= term.value)) strongest = term;
  }
  return strongest;
}

function factorOf(factors: readonly Factor[], tensors: readonly string[]): Factor | undefined {
  return factors.find(({ cell }) => cell !== undefined && tensors.includes(cell.tensor));
}
