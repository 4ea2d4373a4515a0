import { known } from "../../known.js";
import type { Conv2d } from "../../layers/conv2d.js";
import { outputSize } from "../../layers/window.js";
import type { NetworkLayer } from "../network.js";
import type { Change, Run, Variation } from "../run.js";
import { at, atLayers, type Mistake, together } from "./mistake.js";
import {
  flipped,
  forwardWith,
  type Instead,
  inputGradientWith,
  only,
  parameterGradientWith,
  picked,
  scaled,
  turned,
} from "./tools.js";

type Convolution = NetworkLayer & { readonly resolved: Conv2d };

export const weightOf = (layer: NetworkLayer, run: Run) => run.tensor(layer.parameters[0].name);

/** A change of what a layer's output is computed from. */
export const output = (layer: NetworkLayer, instead: (run: Run) => Instead | undefined): Variation =>
  at(layer.output, changedBy(layer, instead));

function changedBy(layer: NetworkLayer, instead: (run: Run) => Instead | undefined): Change {
  return (run, right) => {
    const changed = instead(run);
    return changed ? forwardWith(layer, run, changed) : right();
  };
}

export const kernelFlippedForward: Mistake = {
  name: "kernel-flipped-forward",
  why: "The kernel is turned by 180 degrees (scipy.signal.convolve does that); what networks call convolution lays it on the pixels as it is.",
  fix: "y[n, o, i, j] = np.sum(x[n, :, i:i+kh, j:j+kw] * w[o]) + b[o]  # or scipy.signal.correlate",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const forward = output(layer, (run) => ({ weight: flipped(weightOf(layer, run)) }));
    const [weight] = layer.parameters;
    const gradient = at(`grad.${weight.name}`, (_, right) => flipped(right()));
    const back = at(layer.inputGradients[0], (run) =>
      inputGradientWith(layer, run, { weight: flipped(weightOf(layer, run)) }),
    );
    return [forward, together(forward, gradient), together(forward, back)];
  }),
};

/**
 * Convolution in the sense of mathematics, forward and backward alike: the same network, whose kernels lie turned. It has all three
 * arrays in one, so that a gradient that doesn't go with it contradicts it.
 */
export const trueConvolution: Mistake = {
  name: "true-convolution",
  harmless: true,
  why: "The kernel is turned by 180 degrees forward and backward alike: convolution in the sense of mathematics, where others correlate.",
  fix: "y[n, o, i, j] = np.sum(x[n, :, i:i+kh, j:j+kw] * w[o, :, ::-1, ::-1]) + b[o]",
  variations: atLayers<Conv2d>("conv2d", (layer) => [
    together(
      output(layer, (run) => ({ weight: flipped(weightOf(layer, run)) })),
      at(`grad.${layer.parameters[0].name}`, (_, right) => flipped(right())),
      at(layer.inputGradients[0], (run) =>
        inputGradientWith(layer, run, { weight: flipped(weightOf(layer, run)) }),
      ),
    ),
  ]),
};

export const kernelTurned: Mistake = {
  name: "kernel-transposed",
  why: "Rows and columns of the kernel are exchanged.",
  fix: "y[n, o, i, j] += w[o, c, u, v] * x[n, c, i + u, j + v]  # u goes with i, v with j",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const forward = output(layer, (run) => ({ weight: known(turned(weightOf(layer, run))) }));
    const gradient = at(`grad.${layer.parameters[0].name}`, (_, right) => turned(right()) ?? right());
    const back = at(layer.inputGradients[0], (run) =>
      inputGradientWith(layer, run, { weight: known(turned(weightOf(layer, run))) }),
    );
    return [forward, gradient, back, together(forward, gradient, back)];
  }),
};

export const channelsOverwritten: Mistake = {
  name: "channels-overwritten",
  why: "Each channel replaces what the one before gave, instead of being added to it.",
  fix: "y[n, o] += correlate(x[n, c], w[o, c])  # += over c, not =",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [C] = layer.resolved.inputShape;
    if (C === 1) return [];
    const keeping = (kept: number) =>
      output(layer, (run) => ({ weight: only(weightOf(layer, run), ([, c]) => c === kept) }));
    const gradient = (kept: number) =>
      at(`grad.${layer.parameters[0].name}`, (_, right) => only(right(), ([, c]) => c === kept));
    return [keeping(C - 1), keeping(0), gradient(C - 1), gradient(0)];
  }),
};

export const windowOverwritten: Mistake = {
  name: "products-overwritten",
  why: "Each product replaces the one before, instead of being added to it, so that only the last one counts.",
  fix: "y[n, o, i, j] += w[o, c, u, v] * x[n, c, i + u, j + v]  # += over c, u and v, not =",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [C] = layer.resolved.inputShape;
    const [U, V] = layer.resolved.kernel;
    const keeps: ((index: readonly number[]) => boolean)[] = [
      ([, c, u, v]) => c === C - 1 && u === U - 1 && v === V - 1,
      ([, , u, v]) => u === U - 1 && v === V - 1,
      ([, , u]) => u === U - 1,
      ([, , , v]) => v === V - 1,
    ];
    return keeps.map((keep) => output(layer, (run) => ({ weight: only(weightOf(layer, run), keep) })));
  }),
};

export const meanForSum: Mistake = {
  name: "window-averaged",
  why: "The products under the kernel are averaged (np.mean), but a convolution adds them (np.sum).",
  fix: "y[n, o, i, j] = np.sum(x[n, :, i:i+kh, j:j+kw] * w[o]) + b[o]",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [C] = layer.resolved.inputShape;
    const [U, V] = layer.resolved.kernel;
    return [C * U * V, U * V, C]
      .filter((count) => count > 1)
      .map((count) => output(layer, (run) => ({ weight: scaled(weightOf(layer, run), 1 / count) })));
  }),
};

export const sameFilter: Mistake = {
  name: "same-filter-for-all",
  why: "Every output channel is made with the same filter, because the filter's index is missing or stuck.",
  fix: "y[n, o, i, j] = np.sum(x[n, :, i:i+kh, j:j+kw] * w[o]) + b[o]  # w[o], b[o]",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [O] = layer.resolved.outputShape;
    if (O === 1) return [];
    return [0, O - 1].map((chosen) =>
      output(layer, (run) => {
        const w = weightOf(layer, run);
        return { weight: picked(w, w.shape, ([, ...rest]) => [chosen, ...rest]) };
      }),
    );
  }),
};

/** A convolution whose first window begins elsewhere. */
const shifted = ({ resolved }: Convolution, down: number, right: number) => {
  const [top, r, bottom, left] = resolved.padding;
  return { resolved: { padding: [top - down, r + right, bottom + down, left - right] } };
};

export const paddingOff: Mistake = {
  name: "padding-off",
  why: "The windows begin at the wrong pixel: the padding is too large, too small or on the wrong side.",
  fix: "x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))  # p on all four sides",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const steps = [
      [1, 1],
      [-1, -1],
      [0, 1],
      [0, -1],
      [1, 0],
      [-1, 0],
      [2, 2],
      [-2, -2],
    ];
    const shifts = steps.map(([down, right]) => shifted(layer, down, right));
    return shifts.flatMap((instead) => [
      output(layer, () => instead),
      at(`grad.${layer.parameters[0].name}`, (run) => parameterGradientWith(layer, "weight", run, instead)),
      at(layer.inputGradients[0], (run) => inputGradientWith(layer, run, instead)),
    ]);
  }),
};

export const paddingLeftOut: Mistake = {
  name: "padding-left-out",
  why: "The image has no border of zeros, so that the windows at the edges are missing.",
  fix: "x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const { resolved } = layer;
    const [top, right, bottom, left] = resolved.padding;
    if (top + right + bottom + left === 0) return [];
    const [O, I, J] = resolved.outputShape;
    const bare = { ...resolved, padding: [0, 0, 0, 0] as const };
    let size: [number, number];
    try {
      size = outputSize([resolved.inputShape[1], resolved.inputShape[2]], bare);
    } catch {
      return [];
    }
    const small = { resolved: { ...bare, outputShape: [O, ...size] } };
    const places = [
      [0, 0],
      [Math.floor((I - size[0]) / 2), Math.floor((J - size[1]) / 2)],
    ];
    const withoutEdges = places.map(([y, z]) =>
      at(layer.output, (run) => {
        const inner = forwardWith(layer, run, small);
        const whole = forwardWith(layer, run, {});
        const inside = ([, , i, j]: readonly number[]) =>
          i >= y && i < y + size[0] && j >= z && j < z + size[1];
        const spread = picked(inner, whole.shape, (index) =>
          inside(index) ? [index[0], index[1], index[2] - y, index[3] - z] : [0, 0, 0, 0],
        );
        return only(spread, inside);
      }),
    );
    return [output(layer, () => small), ...withoutEdges];
  }),
};

export const paddingNotZero: Mistake = {
  name: "padding-not-zero",
  why: "The border repeats pixels of the image, but it must be 0.",
  fix: 'x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))  # mode="constant"',
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const { padding, inputShape } = layer.resolved;
    const [top, right, bottom, left] = padding;
    if (top + right + bottom + left === 0) return [];
    const [C, H, W] = inputShape;
    const fills: ((i: number, size: number) => number)[] = [
      (i, size) => Math.min(size - 1, Math.max(0, i)), // edge
      (i, size) => (i < 0 ? -i : i >= size ? 2 * size - 2 - i : i), // reflect
      (i, size) => (i + 2 * size) % size, // wrap
      (i, size) => (i < 0 ? -i - 1 : i >= size ? 2 * size - 1 - i : i), // symmetric
    ];
    return fills.map((fill) =>
      output(layer, (run) => {
        const x = run.tensor(layer.inputs[0]);
        const shape = [x.shape[0], C, H + top + bottom, W + left + right];
        const padded = picked(x, shape, ([n, c, p, q]) => [n, c, fill(p - top, H), fill(q - left, W)]);
        return { x: padded, resolved: { padding: [0, 0, 0, 0], inputShape: shape.slice(1) } };
      }),
    );
  }),
};

export const strideOff: Mistake = {
  name: "stride-off",
  why: "The window doesn't move by the stride from one output cell to the next.",
  fix: "window = x[n, :, i*stride:i*stride+kh, j*stride:j*stride+kw]",
  variations: atLayers<Conv2d>("conv2d", (layer) => {
    const [y, z] = layer.resolved.stride;
    const others = [
      [1, 1],
      [2, 2],
      [3, 3],
      [y + 1, z + 1],
    ].filter(([a, b]) => a !== y || b !== z);
    return others.flatMap((stride) => {
      const instead = { resolved: { stride } };
      const full = fullSize(layer, stride);
      return [
        output(layer, () => instead),
        at(`grad.${layer.parameters[0].name}`, (run) => parameterGradientWith(layer, "weight", run, instead)),
        at(layer.inputGradients[0], (run) => inputGradientWith(layer, run, instead)),
        ...(full ? [output(layer, () => ({ resolved: { stride, outputShape: full } }))] : []),
      ];
    });
  }),
};

function fullSize({ resolved }: Convolution, stride: readonly number[]): number[] | undefined {
  const [O, I, J] = resolved.outputShape;
  const window = { ...resolved, stride: [stride[0], stride[1]] as const };
  const size = outputSize([resolved.inputShape[1], resolved.inputShape[2]], window);
  return size[0] === I && size[1] === J ? undefined : [O, ...size];
}
