import { readFileSync } from "node:fs";
import { type Loss, type Tensor, trace, withUpdate } from "unravel-cnn";
import { expect, test } from "vitest";
import { importModel } from "../../dist/index.js";
import { distance, inputOf, scoresOf } from "../support/onnx.js";

/*
 * Networks that PyTorch wrote, and ones in the style of tf2onnx, with what PyTorch computes: golden/make_onnx.py.
 */

interface Golden {
  readonly scale: number;
  readonly channelsLast?: true;
  readonly x: { readonly shape: number[]; readonly data: number[] };
  readonly y: { readonly shape: number[]; readonly data: number[] };
}

const folder = new URL("../../golden/onnx/", import.meta.url);
const expected: Record<string, Golden> = JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"));

/** The kinds of layers that each file is, in their order. */
const layers: Record<string, string> = {
  torch_by_view: "conv2d relu maxPool2d conv2d relu flatten dense",
  torch_by_view_unfolded: "conv2d relu maxPool2d conv2d relu flatten dense",
  torch_residual_merged: "conv2d relu conv2d relu conv2d conv2d add relu globalAveragePool2d dense",
  torch_residual:
    "conv2d batchNorm2d relu conv2d batchNorm2d relu conv2d batchNorm2d conv2d add relu globalAveragePool2d dense",
  torch_branches: "conv2d conv2d leakyRelu averagePool2d conv2d tanh maxPool2d concat flatten dense",
  torch_gelus: "conv2d gelu conv2d gelu globalAveragePool2d dense",
  torch_silus: "conv2d silu conv2d sigmoid globalAveragePool2d dense silu dense",
  torch_rows: "flatten dense batchNorm1d relu dense leakyRelu dense",
  torch_scaled: "conv2d relu maxPool2d flatten dense",
  torch_padded: "conv2d relu maxPool2d flatten dense",
  torch_functional: "conv2d silu conv2d add conv2d add flatten dense",
  torch_clipped: "conv2d leakyRelu relu6 maxPool2d conv2d relu6 flatten dense",
  torch_clipped_later: "conv2d leakyRelu relu6 maxPool2d conv2d relu6 flatten dense",
  torch_products: "conv2d relu6 conv2d relu flatten dense",
  torch_plain_norms: "conv2d relu batchNorm2d averagePool2d globalAveragePool2d dense batchNorm1d dense",
  keras_like: "conv2d relu conv2d relu maxPool2d flatten dense batchNorm1d tanh dense",
  keras_like_grey: "conv2d relu conv2d relu maxPool2d flatten dense batchNorm1d tanh dense",
  keras_rescaling: "conv2d silu globalAveragePool2d dense",
};

/** What a file computes of the scores, which is left to the loss here. */
const ends = {
  none: (_: Loss, scores: Tensor) => scores,
  softmax: (loss: Loss, scores: Tensor) => loss.probabilities(scores),
  logSoftmax: (loss: Loss, scores: Tensor) => {
    const { shape, data } = loss.probabilities(scores);
    return { shape, data: data.map(Math.log) };
  },
};
const ending: Record<string, keyof typeof ends> = {
  torch_branches: "logSoftmax",
  torch_silus: "softmax",
  keras_like: "softmax",
  keras_like_grey: "softmax",
};

const read = (name: string) =>
  importModel({ name: `${name}.onnx`, bytes: new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder))) });

test("all files are known here", () => {
  expect(Object.keys(layers).sort()).toEqual(Object.keys(expected).sort());
});

test.each(Object.keys(expected))(
  "%s gives what PyTorch computes, and can be trained further",
  async (name) => {
    const { x, y, scale, channelsLast } = expected[name];
    const imported = await read(name);
    const { model, parameters } = imported;
    expect(model.layers.map(({ spec }) => spec.type).join(" ")).toBe(layers[name]);
    // a file that scales what it gets has a normalisation, which takes pixels from 0 to 1
    const input = inputOf(imported, x, scale, channelsLast);
    const scores = scoresOf(imported, input);
    const apart = distance(ends[ending[name] ?? "none"](model.loss, scores).data, y.data);
    if (process.env.UNRAVEL_SAY) console.log(`${name}: ${apart}`);
    expect(apart).toBeLessThan(1e-5);

    const labels = [0, 1, 1];
    const step = withUpdate(trace(model, parameters, input, labels), 1e-3);
    const updated = model.parameters.map(({ fullName }) => [fullName, step.tensors[`new.${fullName}`]]);
    const after = trace(model, { ...parameters, ...Object.fromEntries(updated) }, input, labels);
    expect(after.loss).toBeLessThan(step.loss);
  },
);
