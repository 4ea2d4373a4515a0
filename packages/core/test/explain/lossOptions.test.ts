import { describe, expect, test } from "vitest";
import { expectSentence } from "../../../../test/support/sentence.js";
import { cellAddress, offsetOf } from "../../src/cell.js";
import { contributesTo, explain, gradcheck } from "../../src/explain/index.js";
import { defineModel, withClassWeights } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import type { LossSpec } from "../../src/losses/loss.js";
import { trace } from "../../src/reference/trace.js";
import { copyAll, tensor } from "../../src/tensor.js";
import { addresses, cellsOf } from "../support/traces.js";

/* Each loss with its options, on a batch and on one image: every number around it is the sum of its terms, and slopes are as measured. */

const losses: readonly (readonly [LossSpec, readonly number[] | undefined, several?: true])[] = [
  [{ type: "softmaxCrossEntropy" }, [0.5, 2, 1.25]],
  [{ type: "softmaxCrossEntropy", labelSmoothing: 0.25 }, undefined],
  [{ type: "softmaxCrossEntropy", labelSmoothing: 0.25 }, [0.5, 2, 1.25]],
  [{ type: "meanSquaredError" }, undefined],
  [{ type: "meanSquaredError" }, [0.5, 2, 1.25]],
  [{ type: "binaryCrossEntropy" }, undefined],
  [{ type: "binaryCrossEntropy" }, [0.5, 2, 1.25]],
  [{ type: "binaryCrossEntropy" }, undefined, true],
];

const rows = losses.map(([loss, weights, several = false]) => [loss, weights, several] as const);

describe.each(rows)("%j, class weights %j, several labels at once: %s", (loss, classWeights, several) => {
  test.each([1, 4])("%i images", async (images) => {
    const plain = defineModel({
      input: [1, 2, 3],
      layers: [{ type: "flatten" }, { type: "dense", units: 3 }],
      loss,
    });
    const model = classWeights ? withClassWeights(plain, classWeights) : plain;
    const x = tensor(
      [images, 1, 2, 3],
      Array.from({ length: images * 6 }, (_, k) => ((k * 7) % 11) / 4),
    );
    const parameters = copyAll(initialParameters(model, 5), "float64");
    const step = trace(
      model,
      parameters,
      { shape: x.shape, data: Float64Array.from(x.data) },
      several ? [1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0].slice(0, 3 * images) : [2, 0, 1, 2].slice(0, images),
    );
    const around = cellsOf(step).filter(({ tensor }) => ["probs", "loss", "grad.fc1.out"].includes(tensor));
    const users = new Map<string, Set<string>>();
    for (const cell of around) {
      const { value, sum, terms, others, says } = explain(step, cell);
      const { shape, data } = step.tensors[cell.tensor] ?? { shape: [], data: [step.loss] };
      expect(value).toBe(data[offsetOf(shape, cell.index)]);
      expect(Math.abs(sum - value)).toBeLessThan(1e-15 * (1 + terms.length));
      expectSentence(says);
      for (const { cell: factor } of [...terms.flatMap(({ factors }) => factors), ...others]) {
        if (!factor) continue;
        const address = cellAddress(factor);
        users.set(address, (users.get(address) ?? new Set()).add(cellAddress(cell)));
      }
    }
    for (const cell of cellsOf(step).filter(({ tensor }) => ["fc1.out", "probs", "y"].includes(tensor))) {
      expect(addresses(contributesTo(step, cell))).toEqual([...(users.get(cellAddress(cell)) ?? [])].sort());
    }
    expect((await gradcheck(step)).agrees).toBe(true);
  });
});
