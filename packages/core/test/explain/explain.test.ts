import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few, LONG } from "../../../../test/support/long.js";
import { expectInputError, expectSentence } from "../../../../test/support/sentence.js";
import { cellAddress, indexAt, offsetOf, parseCell } from "../../src/cell.js";
import { type Cell, contributesTo, type Explanation, explain } from "../../src/explain/index.js";
import { defineModel } from "../../src/graph/model.js";
import { type Trace, tensorsOf, trace } from "../../src/reference/trace.js";
import { type DType, tensor } from "../../src/tensor.js";
import { EPSILON } from "../support/compare.js";
import { cases } from "../support/properties.js";
import { smallModel } from "../support/smallModel.js";
import { addresses, cellsOf, rareTrace, traces } from "../support/traces.js";

/** Explains every cell of a trace. */
const explanationsOf = (step: Trace) => cellsOf(step).map((cell) => explain(step, cell));

/** All numbers that an explanation names. */
const factorsOf = ({ terms, others }: Explanation) => [...terms.flatMap(({ factors }) => factors), ...others];

/** How far the sum of the terms, rounded as the trace rounds, may be from the stored number. */
function boundOf({ rule, terms, cell }: Explanation, dtype: DType): number {
  // these are computed in another order than they are explained
  if (!["softmax", "loss", "difference", "update", "collect", "normalise"].includes(rule)) return 0;
  const size = terms.reduce((size, { value }) => size + Math.abs(value), 0);
  return 4 * EPSILON[cell.tensor === "loss" ? "float64" : dtype] * size;
}

/** The kind of a layer, or what else a tensor belongs to: `conv.out`, `grad.conv.weight`, `probs`. */
const kindOf = (name: string) => name.replace(/\d+/, "");

const everyKind = [
  ...["x", "y", "lr", "probs", "loss", "grad.x"],
  ...[
    "conv",
    "relu",
    "leaky",
    "clip",
    "sigmoid",
    "tanh",
    "silu",
    "gelu",
    "pool",
    "avgpool",
    "gap",
    "norm",
    "dropout",
    "add",
    "concat",
    "flatten",
    "fc",
  ].flatMap((layer) => [`${layer}.out`, `grad.${layer}.out`]),
  ...["norm.running_mean", "norm.running_var"],
  ...["conv", "norm", "fc"].flatMap((layer) =>
    ["", "grad.", "new."].flatMap((prefix) => [`${prefix}${layer}.weight`, `${prefix}${layer}.bias`]),
  ),
].sort();

describe.each(["float64", "float32"] as const)("every cell of random networks in %s", (dtype) => {
  test("is the sum of its terms, holds the numbers of its factors' cells, and these name it as their use", () => {
    const kinds = new Set<string>();
    const sentences = new Set<string>();
    let compared = 0;
    const isWhole = LONG || dtype === "float64"; // float32 differs in its rounding alone
    fc.assert(
      fc.property(traces(dtype), (step) => {
        const tensors = tensorsOf(step);
        const stored = ({ tensor, index }: Cell) =>
          tensors[tensor].data[offsetOf(tensors[tensor].shape, index)];
        const users = new Map<string, Set<string>>(
          cellsOf(step).map((cell) => [cellAddress(cell), new Set()]),
        );
        for (const explained of explanationsOf(step)) {
          const { cell, value, sum, terms, says } = explained;
          const rounded = tensors[cell.tensor].data instanceof Float32Array ? Math.fround(sum) : sum;
          const isRight =
            value === stored(cell) &&
            Math.abs(rounded - value) <= boundOf(explained, dtype) &&
            sum === terms.reduce((sum, term) => sum + term.value, 0) &&
            terms.every(
              (term) => term.value === term.factors.reduce((product, { value }) => product * value, 1),
            ) &&
            factorsOf(explained).every(({ value, cell, label }) => (cell ? value === stored(cell) : label));
          if (!isRight) expect.fail(`${cellAddress(cell)}: ${JSON.stringify(explained)}`);
          kinds.add(kindOf(cell.tensor));
          sentences.add(says);
          for (const { cell: factor } of factorsOf(explained)) {
            if (factor) users.get(cellAddress(factor))?.add(cellAddress(cell));
          }
        }
        for (const cell of cellsOf(step)) {
          const found = addresses(contributesTo(step, cell)).join(" ");
          if (found !== [...(users.get(cellAddress(cell)) ?? [])].sort().join(" ")) {
            expect.fail(`${cellAddress(cell)} contributes to ${found}`);
          }
          compared += 1;
        }
      }),
      { ...cases(few(isWhole ? 12 : 1, 60)), examples: [[rareTrace(dtype)]] },
    );
    if (isWhole) expect([...kinds].sort()).toEqual(everyKind);
    for (const says of sentences) expectSentence(says);
    expect(compared).toBeGreaterThan(few(isWhole ? 5000 : 500, 5000));
  });
});

/** A step of a network with something of everything, on two images. */
function smallStep(change: (pixels: number[]) => void = () => {}): Trace {
  const { model, parameters } = smallModel();
  const pixels = Array.from({ length: 2 * 2 * 5 * 4 }, (_, k) => ((k * 7) % 11) / 10);
  change(pixels);
  return trace(model, parameters, tensor([2, ...model.inputShape], pixels), [2, 0]);
}

/** What an explanation is made of, short: its rule, its terms, its others. */
function summaryOf({ rule, terms, others }: Explanation) {
  const name = ({ cell, label }: Explanation["others"][number]) => (cell ? cellAddress(cell) : label);
  return [rule, terms.map(({ factors }) => factors.map(name).join(" * ")), others.map(name)];
}

describe("a max-pool", () => {
  const model = defineModel({
    input: [1, 3, 3],
    layers: [{ type: "maxPool2d", size: 2, stride: 1 }, { type: "flatten" }, { type: "dense", units: 2 }],
  });
  const parameters = {
    "fc1.weight": tensor([2, 4], [1, 2, 3, 4, 8, 6, 4, 2]),
    "fc1.bias": tensor([2], [0, 0]),
  };
  const step = (pixels: number[]) => trace(model, parameters, tensor([1, 1, 3, 3], pixels), [0]);

  test("names the winner and the losers, and the first among equals", () => {
    const explained = explain(step([0, 7, 7, 0, 7, 0, 0, 0, 0]), parseCell("pool1.out[0, 0, 0, 0]"));
    expect(summaryOf(explained)).toEqual([
      "maximum",
      ["x[0, 0, 0, 1]"],
      ["x[0, 0, 0, 0]", "x[0, 0, 1, 0]", "x[0, 0, 1, 1]"],
    ]);
    expect(explained.says).toContain("the first among equals");
  });

  test("collects what comes from each window that a cell won", () => {
    const explained = explain(step([0, 0, 0, 0, 7, 0, 0, 0, 0]), parseCell("grad.x[0, 0, 1, 1]"));
    expect(explained.terms).toHaveLength(4);
    expect(explained.says).toBe(
      "This number was the largest of 4 of the 4 windows that it lay under, and gets the whole gradient of those.",
    );
  });

  test("tells a loser who won against it", () => {
    const explained = explain(step([1, 2, 3, 0, 0, 0, 0, 0, 0]), parseCell("grad.x[0, 0, 0, 1]"));
    expect(summaryOf(explained)).toEqual([
      "maximum",
      ["grad.pool1.out[0, 0, 0, 0]"],
      ["x[0, 0, 0, 1]", "x[0, 0, 0, 2]"],
    ]);
    expect(explain(step([1, 2, 3, 0, 0, 0, 0, 0, 0]), parseCell("grad.x[0, 0, 0, 0]"))).toMatchObject({
      value: 0,
      sum: 0,
      terms: [],
    });
  });
});

test("a ReLU holds back what is not above 0, forward and backward", () => {
  const step = smallStep();
  const closed = step.tensors["conv1.out"].data.findIndex((value) => value < 0);
  const index = indexAt(step.tensors["conv1.out"].shape, closed);
  const at = (tensor: string) => cellAddress({ tensor, index });
  expect(summaryOf(explain(step, { tensor: "relu1.out", index }))).toEqual(["gate", [], [at("conv1.out")]]);
  expect(summaryOf(explain(step, { tensor: "grad.conv1.out", index }))).toEqual([
    "gate",
    [],
    [at("conv1.out"), at("grad.relu1.out")],
  ]);
});

test("what is not a number stays visible, and infinite weights in the padding add nothing", () => {
  const model = defineModel({
    input: [1, 2, 2],
    layers: [
      { type: "conv2d", filters: 1, kernel: 2, padding: [1, 0, 0, 1] },
      { type: "relu" },
      { type: "maxPool2d", size: 2 },
      { type: "flatten" },
      { type: "dense", units: 2 },
    ],
  });
  const parameters = {
    "conv1.weight": tensor([1, 1, 2, 2], [Infinity, 1, 1, 1]),
    "conv1.bias": tensor([1], [0]),
    "fc1.weight": tensor([2, 1], [1, 2]),
    "fc1.bias": tensor([2], [0, 0]),
  };
  const step = trace(model, parameters, tensor([1, 1, 2, 2], [1, 2, NaN, 4]), [0]);
  expect(explain(step, parseCell("conv1.out[0, 0, 0, 0]"))).toMatchObject({ value: 1, sum: 1 });
  for (const name of [
    "conv1.out[0, 0, 1, 1]",
    "relu1.out[0, 0, 1, 1]",
    "pool1.out[0, 0, 0, 0]",
    "probs[0, 1]",
    "grad.fc1.out[0, 0]",
  ]) {
    expect(explain(step, parseCell(name)), name).toMatchObject({ value: NaN, sum: NaN });
  }
});

test("p - y: the right class is named, and 1/N", () => {
  const step = smallStep();
  const right = explain(step, parseCell("grad.fc1.out[0, 2]"));
  expect(right.terms.map(({ factors }) => factors.map(({ label }) => label))).toEqual([
    ["p", "1/N"],
    ["y: 1, the right class", "-1/N"],
  ]);
  expect(right.terms[1].value).toBe(-0.5);
  expect(explain(step, parseCell("grad.fc1.out[0, 1]")).terms[1].value).toBeCloseTo(0);
});

describe("what isn't there", () => {
  const step = smallStep();

  test.each([
    [
      "conv1.out[0, 3, 0, 0]",
      /^conv1\.out has shape \[2, 3, 3, 2\], so there is no conv1\.out\[0, 3, 0, 0\]; an index counts from 0\.$/,
    ],
    ["conv1.out[0, 0, 0]", /so there is no conv1\.out\[0, 0, 0\]/],
    ["conv1.out", /so there is no conv1\.out;/],
    ["loss[0]", /^loss is a single number, so there is no loss\[0\]\.$/],
    [
      "conv2.out[0, 0, 0, 0]",
      /^The trace has no tensor "conv2\.out"; it has x, y, probs, loss, and conv1\.out, .* for conv1, relu1, pool1, pool2, flatten1, fc1\.$/,
    ],
    ["new.fc1.bias[0]", /^The trace has no tensor "new\.fc1\.bias"/],
    ["lr", /no tensor "lr"/],
  ])("%s", async (address, message) => {
    await expectInputError(() => explain(step, parseCell(address)), message);
    await expectInputError(() => contributesTo(step, parseCell(address)), message);
  });

  test.each([[-1], [0.5], [NaN]])("an index of %d", async (position) => {
    await expectInputError(() => explain(step, { tensor: "y", index: [position] }), /so there is no y\[/);
  });

  test("gradients that nobody asked for aren't contributed to", () => {
    const { model, parameters } = smallModel();
    const some = trace(model, parameters, step.tensors.x, [2, 0], { inputGradient: false });
    const tensors = contributesTo(some, parseCell("conv1.weight[0, 0, 0, 0]")).map(({ tensor }) => tensor);
    expect(new Set(tensors)).toEqual(new Set(["conv1.out"]));
  });
});

describe("addresses", () => {
  test.each([
    [{ tensor: "conv1.out", index: [0, 3, 12, 7] }, "conv1.out[0, 3, 12, 7]"],
    [{ tensor: "loss", index: [] }, "loss"],
    [{ tensor: "grad.conv1.weight", index: [0, 0, 0, 10] }, "grad.conv1.weight[0, 0, 0, 10]"],
  ])("%j", (cell, address) => {
    expect(cellAddress(cell)).toBe(address);
    expect(parseCell(address)).toEqual(cell);
    expect(parseCell(` ${address.replaceAll(" ", "").replace("[", " [ ")} `)).toEqual(cell);
  });

  test("`loss[]` is the loss, too", () => expect(parseCell("loss[]")).toEqual({ tensor: "loss", index: [] }));

  test.each([
    "",
    "[0]",
    "x[",
    "x[0",
    "x]0[",
    "x[0,]",
    "x[-1]",
    "x[1.5]",
    "x[0] y",
    "x[0][1]",
    "x[a]",
    "é[0]",
  ])("%j is none", async (text) => {
    await expectInputError(() => parseCell(text), /is not the address of a cell/);
  });
});
