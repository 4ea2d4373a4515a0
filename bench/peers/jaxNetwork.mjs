// Networks of unravel as functions of jax-js: see jax.mjs and jaxWebgpu.mjs.
//
// Every use of an array but the last is `.ref`: jax-js counts references and frees what has none.
import { lax, nn, numpy as np } from "@jax-js/jax";

/** For each kind of layer: its output from its inputs, the layer and the weights by name, each used once. */
const apply = {
  conv2d: ([x], { name, resolved: { padding, stride } }, weights) => {
    const [top, right, bottom, left] = padding;
    const sides = [
      [top, bottom],
      [left, right],
    ];
    const y = lax.conv(x, weights[`${name}.weight`], stride, sides);
    const bias = weights[`${name}.bias`];
    return bias ? y.add(bias.reshape([1, -1, 1, 1])) : y;
  },
  batchNorm2d: ([x], { name, resolved: { eps } }, weights) => {
    const over = [[0, 2, 3], { keepdims: true }];
    const distance = x.ref.sub(np.mean(x, ...over));
    const variance = np.mean(np.square(distance.ref), ...over);
    const factor = weights[`${name}.weight`].reshape([1, -1, 1, 1]).div(np.sqrt(variance.add(eps)));
    return distance.mul(factor).add(weights[`${name}.bias`].reshape([1, -1, 1, 1]));
  },
  relu: ([x]) => nn.relu(x),
  add: (xs) => xs.reduce((sum, x) => sum.add(x)),
  maxPool2d: ([x]) => lax.reduceWindow(x, (window) => np.max(window), [2, 2], [2, 2]),
  globalAveragePool2d: ([x]) => np.mean(x, [2, 3]),
  flatten: ([x]) => x.reshape([x.shape[0], -1]),
  dense: ([x], { name }, weights) =>
    np.matmul(x, weights[`${name}.weight`].transpose()).add(weights[`${name}.bias`]),
};

/** The scores of images, [N, C, H, W], in training. Takes the images and the weights with it. */
function scoresOf({ layers, output }, weights, x) {
  const values = new Map([["x", x]]);
  const left = new Map([[output, 1]]);
  for (const { inputs } of layers) {
    for (const tensor of inputs) left.set(tensor, (left.get(tensor) ?? 0) + 1);
  }
  const take = (tensor) => {
    left.set(tensor, left.get(tensor) - 1);
    const value = values.get(tensor);
    return left.get(tensor) > 0 ? value.ref : value;
  };
  for (const layer of layers) {
    values.set(layer.output, apply[layer.spec.type](layer.inputs.map(take), layer, weights));
  }
  return take(output);
}

/** A network's `scores(weights, x)` and a step of SGD with momentum, each to be compiled by `jit`. */
export function functionsOf(model, { rate, momentum }, valueAndGrad) {
  const scores = (weights, x) => scoresOf(model, weights, x);
  /** @param y one-hot, [N, classes] */
  const lossOf = (weights, x, y) => {
    const [count] = y.shape;
    return nn
      .logSoftmax(scores(weights, x))
      .mul(y)
      .sum()
      .mul(-1 / count);
  };
  const names = model.parameters.map(({ fullName }) => fullName);
  const step = (weights, velocities, x, y) => {
    const kept = Object.fromEntries(names.map((name) => [name, weights[name].ref]));
    const [loss, gradients] = valueAndGrad(lossOf)(weights, x, y);
    const next = [{}, {}];
    for (const name of names) {
      const velocity = velocities[name].mul(momentum).add(gradients[name]);
      next[1][name] = velocity.ref;
      next[0][name] = kept[name].sub(velocity.mul(rate));
    }
    return [loss, ...next];
  };
  return { scores, step };
}
