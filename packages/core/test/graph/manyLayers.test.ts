import { expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import {
  checkParameters,
  contractName,
  defineModel,
  describePlan,
  formatModel,
  initialParameters,
  type ModelSpec,
  parseModel,
  renderReport,
  type Trace,
} from "../../src/index.js";

/*
 * Specs with very many layers: what is done with each of them doesn't grow with their number. Counted, not timed.
 */

/** So many layers, of which half learn. */
function deep(count: number): ModelSpec {
  const layers: ModelSpec["layers"][number][] = [{ type: "flatten" }];
  for (let k = 1; k < count; k++) layers.push(k % 2 ? { type: "dense", units: 2 } : { type: "relu" });
  return { input: [1, 2, 2], layers };
}

/** A list that counts how often one of its entries is read. */
function counted<T>(list: readonly T[]): { list: readonly T[]; reads: () => number } {
  let reads = 0;
  const get = (target: readonly T[], key: string | symbol, receiver: unknown) => {
    if (typeof key === "string" && /^\d+$/.test(key)) reads++;
    return Reflect.get(target, key, receiver);
  };
  return { list: new Proxy(list, { get }), reads: () => reads };
}

test("checkParameters looks at each parameter a few times", () => {
  const model = defineModel(deep(2000));
  const parameters = initialParameters(model, 0);
  const { list, reads } = counted(model.parameters);
  checkParameters({ ...model, parameters: list }, parameters);

  expect(model.parameters).toHaveLength(2000);
  expect(reads()).toBeLessThan(10 * 2000);
});

test("a name with a number is a contract name without a look at the layers", () => {
  const model = defineModel(deep(100));
  const { list, reads } = counted(model.layers);
  for (const name of ["fc12.weight", "grad.fc3.bias", "x", "relu7.out"])
    expect(contractName({ ...model, layers: list }, name)).toBe(name);
  expect(reads()).toBe(0);
});

test("a model file of 10,000 layers is written and read", () => {
  const model = defineModel(deep(10_000));
  const read = parseModel(formatModel({ model, parameters: initialParameters(model, 0) }), "F");
  expect(read.model.layers).toHaveLength(10_000);
});

test("a plan says by which kernel each layer is done", () => {
  const { fused, kernels } = describePlan(deep(60));
  const named = kernels.flatMap(({ layer }) => layer ?? []);
  expect(new Set([...named, ...fused.map(({ layer }) => layer)]).size).toBe(60);
  expect(fused[0]).toEqual({ layer: "flatten1", by: null });
});

test("more than 10,000 layers are refused, and reports of more than 200", async () => {
  await expectInputError(
    () => defineModel(deep(10_001)),
    /"layers" has 10001 layers, more than the limit of 10000; use fewer/,
  );
  const trace = { model: defineModel(deep(201)) } as Trace;
  await expectInputError(
    () => renderReport({ trace, modelName: "m", imageName: "i" } as Parameters<typeof renderReport>[0]),
    /A report can tell of 200 layers at most, but the network has 201; write a trace instead/,
  );
});
