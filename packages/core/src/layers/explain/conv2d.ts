import type { Cell } from "../../cell.js";
import { counted } from "../../presentation/numbers.js";
import type { Conv2d } from "../conv2d.js";
import { channelsOfGroup, filtersOf, firstChannel } from "../groups.js";
import { meetingsOf, pixelUnder } from "../window.js";
import {
  type Around,
  type Explainer,
  type Factor,
  factorAt,
  type NamedTensor,
  product,
  type Term,
} from "./explanation.js";

/*
 * Where the numbers of a convolution come from, cell by cell. The names are those of ../conv2d.ts: n image, o filter,
 * c channel, (i, j) output cell, (u, v) kernel cell, (p, q) input cell.
 */

export const explainConv2d: Explainer<Conv2d> = {
  output(layer, around, [n, o, i, j]) {
    const [x, weight] = [around("x"), around("weight")];
    const terms = layer.bias ? [product([factorAt(around("bias"), [o])], "bias")] : [];
    const first = firstChannel(layer, o);
    forEachWeight(layer, (c, u, v) => {
      const met = pixel(layer, x, n, first + c, pixelUnder(layer, [i, j], [u, v]));
      terms.push(meeting(factorAt(weight, [o, c, u, v]), met));
    });
    const products = counted(terms.length - (layer.bias ? 1 : 0), "product");
    const says = `The kernel of filter ${o} lies on its input here: weight times the number under it, ${products} in all, added up${layer.bias ? ", plus the filter's bias" : ""}.`;
    return { rule: "sum", terms, others: [], says };
  },

  inputGradient(layer, around, [n, c, p, q]) {
    const [weight, outputGradient] = [around("weight"), around("grad.out")];
    const meetings = meetingsOf(layer, [p, q]);
    const terms: Term[] = [];
    const { begin, end } = filtersOf(layer, c);
    const own = c % channelsOfGroup(layer);
    for (let o = begin; o < end; o++) {
      for (const { window, output } of meetings) {
        terms.push(
          product([factorAt(weight, [o, own, ...window]), factorAt(outputGradient, [n, o, ...output])]),
        );
      }
    }
    const says =
      terms.length === 0
        ? "No window ever lay on this number, so the loss does not depend on it."
        : `This number went into ${counted(terms.length, "output")}: the weight on the way there times the gradient of the output, added up.`;
    return { rule: "sum", terms, others: [], says };
  },

  parameterGradient(layer, around, name, index) {
    return name === "bias" ? biasGradient(layer, around, index) : weightGradient(layer, around, index);
  },

  uses(layer, around, { tensor, index }) {
    const N = around("x").shape[0];
    if (tensor === "x") return usesOfPixel(layer, index);
    if (tensor === "bias") return outputsOf(layer, N, index[0]).map((index) => ({ tensor: "out", index }));
    if (tensor === "weight") return usesOfWeight(layer, N, index);
    return usesOfOutputGradient(layer, index);
  },
};

function weightGradient(layer: Conv2d, around: Around, [o, c, u, v]: readonly number[]) {
  const [x, outputGradient] = [around("x"), around("grad.out")];
  const terms = outputsOf(layer, outputGradient.shape[0], o).map((output) => {
    const [n, , i, j] = output;
    return meeting(
      factorAt(outputGradient, output),
      pixel(layer, x, n, firstChannel(layer, o) + c, pixelUnder(layer, [i, j], [u, v])),
    );
  });
  const says = `This weight was used for ${counted(terms.length, "output")}: the gradient of the output times the number that the weight met there, added up.`;
  return { rule: "sum", terms, others: [], says } as const;
}

function biasGradient(layer: Conv2d, around: Around, [o]: readonly number[]) {
  const outputGradient = around("grad.out");
  const terms = outputsOf(layer, outputGradient.shape[0], o).map((output) =>
    product([factorAt(outputGradient, output)]),
  );
  const says = `The bias went into ${counted(terms.length, "output")} as it is: their gradients, added up.`;
  return { rule: "sum", terms, others: [], says } as const;
}

/** A number times the pixel that it meets. */
function meeting(factor: Factor, pixel: Factor): Term {
  return product([factor, pixel], pixel.cell ? undefined : "padding");
}

/** A pixel of the image, or of the padding. */
function pixel(layer: Conv2d, x: NamedTensor, n: number, c: number, [p, q]: [number, number]): Factor {
  return isInside(layer, p, q) ? factorAt(x, [n, c, p, q]) : { value: 0, label: "padding" };
}

function isInside({ inputShape: [, H, W] }: Conv2d, p: number, q: number): boolean {
  return p >= 0 && p < H && q >= 0 && q < W;
}

/** The weights of a filter. */
function forEachWeight(layer: Conv2d, work: (c: number, u: number, v: number) => void) {
  const [U, V] = layer.kernel;
  for (let c = 0; c < channelsOfGroup(layer); c++)
    for (let u = 0; u < U; u++) for (let v = 0; v < V; v++) work(c, u, v);
}

/** The outputs [n, o, i, j] of filter o in all images, in row-major order. */
function outputsOf({ outputShape: [, I, J] }: Conv2d, N: number, o: number): number[][] {
  const outputs: number[][] = [];
  for (let n = 0; n < N; n++)
    for (let i = 0; i < I; i++) for (let j = 0; j < J; j++) outputs.push([n, o, i, j]);
  return outputs;
}

function usesOfPixel(layer: Conv2d, [n, c, p, q]: readonly number[]): Cell[] {
  const meetings = meetingsOf(layer, [p, q]);
  const outputs: Cell[] = [];
  const weights: Cell[] = [];
  const { begin, end } = filtersOf(layer, c);
  const own = c % channelsOfGroup(layer);
  for (let o = begin; o < end; o++) {
    for (const { window, output } of meetings) {
      outputs.push({ tensor: "out", index: [n, o, ...output] });
      weights.push({ tensor: "grad.weight", index: [o, own, ...window] });
    }
  }
  return [...outputs, ...weights];
}

/** A weight is used for every output of its filter, and backward for every pixel that it met. */
function usesOfWeight(layer: Conv2d, N: number, [o, c, u, v]: readonly number[]): Cell[] {
  const outputs = outputsOf(layer, N, o);
  const pixels = outputs.flatMap(([n, , i, j]) => {
    const [p, q] = pixelUnder(layer, [i, j], [u, v]);
    return isInside(layer, p, q) ? [{ tensor: "grad.x", index: [n, firstChannel(layer, o) + c, p, q] }] : [];
  });
  return [...outputs.map((index) => ({ tensor: "out", index })), ...pixels];
}

function usesOfOutputGradient(layer: Conv2d, [n, o, i, j]: readonly number[]): Cell[] {
  const cells: Cell[] = layer.bias ? [{ tensor: "grad.bias", index: [o] }] : [];
  forEachWeight(layer, (c, u, v) => {
    const [p, q] = pixelUnder(layer, [i, j], [u, v]);
    cells.push({ tensor: "grad.weight", index: [o, c, u, v] });
    const channel = firstChannel(layer, o) + c;
    if (isInside(layer, p, q)) cells.push({ tensor: "grad.x", index: [n, channel, p, q] });
  });
  return cells;
}
