import { describe, expect, test } from "vitest";
import { few, sampleOf } from "../../../../test/support/long.js";
import { checkArrays } from "../../src/index.js";
import {
  type Arrays,
  RIGHT,
  reshapedTo,
  SMALL,
  saysOf,
  stepOf,
  TWICE,
  without,
} from "../support/checkedSteps.js";

/* Arrays of a wrong shape: the network is worked out from the images and the weights, and both shapes are said. */

const inShape = (arrays: Arrays, name: string, shape: readonly number[]): Arrays => ({
  ...arrays,
  [name]: reshapedTo(arrays[name], shape),
});

type Reshape = (shape: readonly number[]) => readonly number[];

const WRONG: readonly (readonly [name: string, Reshape])[] = [
  ["conv1.out", (s) => [s[0], s[1], s[2] / 2, s[3] / 2]],
  ["grad.conv1.out", (s) => [s[0], s[1], s[2] - 1, s[3]]],
  ["grad.relu1.out", (s) => s.slice(1)],
  ["pool1.out", (s) => [s[0], s[1], s[2] - 1, s[3] - 1]],
  ["grad.flatten1.out", (s) => [s[0] - 1, s[1]]],
  ["fc1.out", (s) => [s[0], s[1] - 1]],
  ["grad.fc1.weight", (s) => [s[0], s[1] - 1]],
  ["fc1.bias", (s) => [s[0] - 1]],
  ["grad.conv1.bias", (s) => [s[0] - 1]],
  ["probs", (s) => s.slice(1)],
  ["grad.x", (s) => [s[0], s[1], 0, 0]],
];

const networks: readonly (readonly [where: string, typeof SMALL, typeof WRONG])[] = [
  ["of the only convolution", SMALL, sampleOf(WRONG, 2)],
  ["of one of two convolutions", TWICE, WRONG],
];

describe.each(few(networks.slice(0, 1), networks))("%s", (_, spec, rows) => {
  const step = stepOf(spec);
  test.each(rows)("%s is named, with both shapes", (name, change) => {
    const wrong = change(step[name].shape);

    const { agrees, arrays } = checkArrays(inShape(step, name, wrong));

    expect(agrees).toBe(false);
    const found = arrays.find((array) => array.name === name);
    if (name.endsWith("bias") && !name.startsWith("grad.")) {
      expect(arrays.find(({ status }) => status === "differs")?.name).toBe("fc1.out");
    } else {
      expect(found?.shapes).toEqual({ yours: wrong, right: step[name].shape });
      expect(arrays.filter(({ status }) => status === "differs").map((array) => array.name)).toEqual([name]);
    }
  });
});

test("another number of labels than of images is said", () => {
  const step = stepOf(SMALL);

  expect(() => checkArrays(inShape(step, "y", [2]))).toThrow(
    "y has 2 labels, but x has 3 images; save the labels of just these images.",
  );
});

test("filters that lack a dimension are said to", () => {
  const step = stepOf(TWICE);

  expect(() => checkArrays(inShape(step, "conv2.weight", [3, 3, 3]))).toThrow(
    /conv2\.weight has shape \[3, 3, 3\], 3 dimensions, but filters have four.*the channels are missing/,
  );
});

test("a flat array that still has the shape of images changes no number", () => {
  const step = stepOf(SMALL);
  const flat = { ...step["flatten1.out"], shape: step["pool1.out"].shape };

  const report = checkArrays({ ...step, "flatten1.out": flat });

  expect(report).toMatchObject(RIGHT);
  expect(report.conventions.map(({ name }) => name)).toContain("rows-not-flat");
});

test("a bias for each cell is accepted, with its gradient and its update", () => {
  const step = stepOf(SMALL, { images: 2 });
  const out = step["conv1.out"];
  const map = out.shape.slice(1);
  const cells = map.reduce((product, size) => product * size, 1);
  const bias = step["conv1.bias"].data;
  const untied = Float64Array.from({ length: cells }, (_, k) => bias[Math.floor((k * bias.length) / cells)]);
  const g = step["grad.conv1.out"].data;
  const gradient = untied.map((_, k) => g[k] + g[cells + k]);
  const array = (data: Float64Array) => ({ shape: map, data, dtype: "float64" });

  const report = checkArrays({
    ...step,
    "conv1.bias": array(untied),
    "grad.conv1.bias": array(gradient),
    "new.conv1.bias": array(untied.map((value, k) => value - 0.1 * gradient[k])),
  });

  expect(report).toMatchObject(RIGHT);
  expect(report.conventions.map(({ name }) => name)).toContain("untied-bias");
  const wrong = { "conv1.bias": array(untied), "grad.conv1.bias": array(gradient.map((v) => -v)) };
  expect(saysOf(without({ ...step, ...wrong }, /^new/))).toMatchObject({
    first: "grad.conv1.bias",
    mistakes: ["gradient-sign@grad.conv1.bias"],
  });
});
