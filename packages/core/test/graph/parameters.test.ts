import { describe, expect, test } from "vitest";
import { conv2d, dense, flatten, sequential } from "../../src/builders.js";
import { convnet, lenet5, oneConv } from "../../src/builtIn.js";
import { defineModel } from "../../src/graph/model.js";
import { type Init, initialParameters } from "../../src/graph/parameters.js";
import { dtypeOf, zeros } from "../../src/tensor.js";
import { checksum } from "../support/checksum.js";
import { momentsOf } from "../support/statistics.js";

const model = defineModel(oneConv());

/*
 * The same bits everywhere: these checksums were written down once, on Node 20 on x86-64. They must never change, on no
 * machine and in no version: published results and saved seeds depend on them.
 */
describe("initial parameters are the same bits on every machine", () => {
  test.each([
    ["he", 0, "6a7933499aff3f37fbec1373c1d32ee0e945d3b8d4ae66fa919b3769d7691d33"],
    ["he", 1, "b31052c3c4e5ba59054248b0d96209192a3bcb2aa1307d9eeb37c5272dada325"],
    ["normal", 0, "29fc53586e604e289c6220abedd7e40edd2f404b400c443804bcc1305022d92e"],
  ] as const)("one-conv, %s, seed %i", (init, seed, known) => {
    expect(checksum(initialParameters(model, seed, init))).toBe(known);
  });

  test("lenet5, he, seed 0", () => {
    expect(checksum(initialParameters(defineModel(lenet5()), 0))).toBe(
      "cd46744ce39a6ffc805729d7fab4de825bd6108a6955fcd3c592c28504f4124b",
    );
  });
});

test("a parameter depends on the seed, its name and its shape alone", () => {
  const layers = (units: number) => [conv2d({ filters: 4, kernel: 3 }), flatten(), dense({ units })];
  const small = initialParameters(defineModel(sequential([1, 8, 8], layers(3))), 5);
  const large = initialParameters(defineModel(sequential([1, 8, 8], layers(9))), 5);
  expect(small["conv1.weight"]).toEqual(large["conv1.weight"]);
  expect(small["fc1.weight"].data).toEqual(
    large["fc1.weight"].data.slice(0, small["fc1.weight"].data.length),
  );
});

test("another seed gives other weights", () => {
  const sums = [0, 1, 2, 4294967295].map((seed) => checksum(initialParameters(model, seed)));
  expect(new Set(sums).size).toBe(4);
});

test("parameters have the shapes and the order of the model", () => {
  const parameters = initialParameters(model, 0);
  expect(Object.entries(parameters).map(([name, { shape }]) => [name, shape])).toEqual(
    model.parameters.map(({ fullName, shape }) => [fullName, shape]),
  );
});

test("biases start at zero", () => {
  for (const init of ["he", "normal"] as const) {
    const parameters = initialParameters(model, 0, init);
    expect(parameters["conv1.bias"]).toEqual(zeros([8]));
    expect(parameters["fc1.bias"]).toEqual(zeros([10]));
  }
});

describe("weights are normally distributed", () => {
  const large = defineModel(convnet());
  test.each([
    ["he", "conv2.weight", 2 / (32 * 3 * 3)],
    ["he", "fc1.weight", 2 / 9216],
    ["normal", "conv2.weight", 1],
    ["normal", "fc1.weight", 1],
  ] as [Init, string, number][])("%s: %s with variance %f", (init, name, variance) => {
    const { data } = initialParameters(large, 7, init)[name];
    const moments = momentsOf(data.slice(0, 50_000));
    const root = Math.sqrt(Math.min(data.length, 50_000));
    expect(Math.abs(moments.mean)).toBeLessThan((4 * Math.sqrt(variance)) / root);
    expect(Math.abs(moments.variance / variance - 1)).toBeLessThan((4 * Math.SQRT2) / root);
    expect(Math.abs(moments.skewness)).toBeLessThan((4 * Math.sqrt(6)) / root);
    expect(Math.abs(moments.kurtosis - 3)).toBeLessThan((4 * Math.sqrt(24)) / root);
  });
});

test("the weights in float64 round to those in float32", () => {
  const double = initialParameters(model, 0, "he", "float64");
  expect(dtypeOf(double["fc1.weight"])).toBe("float64");
  expect(checksum(double)).toBe(checksum(initialParameters(model, 0)));
});
