import { describe, expect, test } from "vitest";
import { checkArrays } from "../../src/index.js";
import { RIGHT, renamed, SMALL, saysOf, stepOf, TWICE, without } from "../support/checkedSteps.js";

/* What arrays are called: by the contract, nearly so, and otherwise. */

describe("names that are understood", () => {
  test.each([
    ["underscores for dots", (name: string) => name.replaceAll(".", "_")],
    ["capitals", (name: string) => name.toUpperCase()],
    ["both", (name: string) => name.replaceAll(".", "_").toUpperCase()],
    ["a capital X and Y", (name: string) => (/^[xy]$/.test(name) ? name.toUpperCase() : name)],
    [
      "other words for layers",
      (name: string) => name.replace("pool1", "maxpool1").replace("flatten1", "flat1"),
    ],
    ["act for relu", (name: string) => name.replace("relu", "act")],
  ])("%s", (_, name) => {
    const report = checkArrays(renamed(stepOf(TWICE), name));

    expect(report).toMatchObject({ ...RIGHT, unknownNames: [] });
    expect(report.arrays.filter(({ status }) => status !== "agrees")).toEqual([]);
  });

  test("of a batch normalisation, gamma and beta are its weight and bias", () => {
    const spec = {
      ...SMALL,
      layers: [SMALL.layers[0], { type: "batchNorm2d" as const }, ...SMALL.layers.slice(1)],
    };
    const called = (name: string) =>
      name.replace("norm1", "bn1").replace("bn1.weight", "bn1.gamma").replace("bn1.bias", "bn1.beta");

    const report = checkArrays(renamed(stepOf(spec), called));

    expect(report).toMatchObject({ ...RIGHT, unknownNames: [] });
    expect(report.names["grad.bn1.gamma"]).toBe("grad.bn1.weight");
  });
});

test("an array that is there under two names is refused with both", () => {
  const step = stepOf(SMALL);

  expect(() => checkArrays({ ...step, conv1_weight: step["conv1.weight"] })).toThrow(
    'The array "conv1.weight" is given twice, as "conv1.weight" and as "conv1_weight"; leave one of them out.',
  );
});

test.each([
  [
    "dW1 and db1",
    (name: string) => name.replace(/^grad\.(conv|fc)1\.(w|b)\w+$/, "d$2_$1").replace(/^grad\.(.*)$/, "d$1"),
  ],
  ["a suffix", (name: string) => name.replace(/^grad\.(.*)$/, "$1.grad")],
])("gradients called by %s are no reason to say that all is right", (_, name) => {
  const { agrees, first, problem, unknownNames } = checkArrays(renamed(stepOf(SMALL), name));

  expect([agrees, first]).toEqual([false, null]);
  expect(problem).toMatch(
    /^The file has gradients, but none of their names is known here.*unravel check --how/,
  );
  expect(unknownNames.length).toBeGreaterThan(5);
});

test("by its shape it is said which gradient is meant", () => {
  const step = without(stepOf(SMALL), /^new\.|^grad\.(?!fc1\.weight)/);

  const { problem } = checkArrays(renamed(step, (name) => name.replace("grad.fc1.weight", "dW2")));

  expect(problem).toContain("dW2 is probably grad.fc1.weight");
});

test("where an array is missing, those that are there are listed, the nearest first", () => {
  const dense = (name: string) => name.replace("fc1", "dense1");

  expect(() => checkArrays(renamed(stepOf(SMALL), dense))).toThrow(
    /There is no array fc1\.weight;.* the file has "dense1\.weight", .*unravel check --how/,
  );
  expect(() => checkArrays(renamed(stepOf(SMALL), (name) => `mine_${name.replaceAll(".", "")}`))).toThrow(
    /None of the names .* is known; .*unravel check --how/,
  );
});

describe("a layer whose kind is not known", () => {
  const step = stepOf({
    ...SMALL,
    layers: [...SMALL.layers.slice(0, 2), { type: "gelu", name: "swoosh" }, ...SMALL.layers.slice(2)],
  } as typeof SMALL);
  const called = renamed(step, (name) => name.replace("swoosh", "lrn1"));

  test("is named, and nobody beside it is blamed", () => {
    const { agrees, mistakes, notes, notJudged } = checkArrays(called);

    expect([agrees, mistakes]).toEqual([true, []]);
    expect(notes.join()).toContain("lrn1 is a kind of layer that is not known here");
    expect(notJudged).toEqual(expect.arrayContaining(["lrn1.out", "grad.relu1.out"]));
  });

  test("doesn't hide a mistake behind it", () => {
    const gradient = called["grad.fc1.weight"];
    const wrong = { ...gradient, data: gradient.data.map((value) => -value) };

    expect(saysOf(without({ ...called, "grad.fc1.weight": wrong }, /^new/))).toMatchObject({
      first: "grad.fc1.weight",
      mistakes: ["gradient-sign@grad.fc1.weight"],
    });
  });
});
