import { type Model, type ModelLayer, type Shape, sizeOf, type Tensor } from "unravel-cnn";

/*
 * Layers with a mistake in them. Each function gives a network that computes what the right one does but for one mistake,
 * in the terms of a loop over images, filters and positions. The library's own layers stay as they are.
 */

type Kind = ModelLayer["kind"];
type Breaker = (model: Model) => Model;

/** The network with other functions in some of its layers. */
function withKinds(model: Model, change: (layer: ModelLayer) => Partial<Kind>): Model {
  const layers = model.layers.map((layer) => ({ ...layer, kind: { ...layer.kind, ...change(layer) } }));
  return { ...model, layers };
}

const inLayers =
  (type: ModelLayer["spec"]["type"], change: (layer: ModelLayer) => Partial<Kind>): Breaker =>
  (model) =>
    withKinds(model, (layer) => (layer.spec.type === type ? change(layer) : {}));

/** The gradient of the scores, multiplied: all gradients behind it are, too. */
const scaledLoss =
  (factor: (images: number) => number): Breaker =>
  (model) =>
    withKinds(model, ({ kind, output }) =>
      output !== model.output
        ? {}
        : {
            inputGradients: (layer, inputs, parameters, g) =>
              kind.inputGradients(layer, inputs, parameters, times(g, factor(g.shape[0]))),
            parameterGradients: (layer, inputs, g) =>
              kind.parameterGradients(layer, inputs, times(g, factor(g.shape[0]))),
          },
    );

/** p - y, not divided by the number of images. */
export const batchMeanLeftOut = scaledLoss((images) => images);

/** The gradient is added to the weights: as if it pointed the other way. */
export const gradientAdded = scaledLoss(() => -1);

/** `dw = ...` in the loop over the images: what the last one left. */
export const batchOverwritten: Breaker = (model) =>
  withKinds(model, ({ kind }) => ({
    parameterGradients: (layer, inputs, g) =>
      kind.parameterGradients(layer, inputs.map(lastImage), lastImage(g)),
  }));

/** `dw[o] = ...` in the loops over images and positions: what the last position of the last image left. */
export const positionsOverwritten = inLayers("conv2d", ({ kind }) => ({
  parameterGradients: (layer, [x], g) => {
    const places = g.shape[2] * g.shape[3];
    const last = lastImage(g);
    const only = last.data.map((value, k) => (k % places === places - 1 ? value : 0));
    return kind.parameterGradients(layer, [lastImage(x)], { shape: last.shape, data: only });
  },
}));

/** The kernels lie turned on the picture, and the way back doesn't know. */
export const kernelFlippedForward = inLayers("conv2d", ({ kind }) => ({
  forward: (layer, inputs, { weight, ...rest }) =>
    kind.forward(layer, inputs, { weight: flipped(weight), ...rest }),
}));

/** On the way back to the pixels the kernel isn't flipped (or is flipped twice). */
export const kernelNotFlippedBackward = inLayers("conv2d", ({ kind }) => ({
  inputGradients: (layer, inputs, { weight, ...rest }, g) =>
    kind.inputGradients(layer, inputs, { weight: flipped(weight), ...rest }, g),
}));

/** The gradient of the kernels comes out turned. */
export const kernelGradientFlipped = inLayers("conv2d", ({ kind }) => ({
  parameterGradients: (layer, inputs, g) => {
    const { weight, ...rest } = kind.parameterGradients(layer, inputs, g);
    return { weight: flipped(weight), ...rest };
  },
}));

/** The gradient passes the ReLU everywhere. */
export const reluMaskLeftOut = inLayers("relu", () => ({
  inputGradients: (_layer, _inputs, _parameters, g) => [g],
}));

/** The ReLU lets all pass, there and back. */
export const reluLeftOut = inLayers("relu", () => ({
  forward: (_layer, [x]) => x,
  inputGradients: (_layer, _inputs, _parameters, g) => [g],
}));

/** Every cell of a pool's window gets the gradient that only the winner should have. For windows side by side. */
export const poolGradientToAll = inLayers("maxPool2d", () => ({
  inputGradients: ({ inputShape, outputShape }, [x], _parameters, g) => {
    const [, H, W] = inputShape;
    const [, I, J] = outputShape;
    const size = [Math.floor(H / I), Math.floor(W / J)];
    const data = x.data.map((_, cell) => {
      const i = Math.floor((Math.floor(cell / W) % H) / size[0]);
      const j = Math.floor((cell % W) / size[1]);
      const plane = Math.floor(cell / (H * W));
      return i < I && j < J ? g.data[(plane * I + i) * J + j] : 0; // an odd last row or column is in no window
    });
    return [{ shape: x.shape, data }];
  },
}));

function times({ shape, data }: Tensor, factor: number): Tensor {
  return { shape, data: data.map((value) => value * factor) };
}

function lastImage({ shape, data }: Tensor): Tensor {
  const rest: Shape = shape.slice(1);
  return { shape: [1, ...rest], data: data.slice(data.length - sizeOf(rest)) };
}

/** Kernels turned by 180 degrees: each one's numbers in reverse order. `[O, C, U, V]` */
function flipped({ shape, data }: Tensor): Tensor {
  const size = shape[2] * shape[3];
  const turned = data.map((_, k) => data[k - (k % size) + (size - 1 - (k % size))]);
  return { shape, data: turned };
}
