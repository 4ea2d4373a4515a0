import { docstring } from "../source/python.js";
import type { Style } from "../source/style.js";
import { batchNorm, batchNormBackward, normalise } from "./norms.js";
import {
  averagePool2d,
  averagePool2dBackward,
  conv2d,
  conv2dBackward,
  maxPool2d,
  maxPool2dBackward,
  pad,
  under,
  unpad,
} from "./windows.js";

/* The functions that a program may have, in the order in which they stand in it: how layers work, forward and backward. */

/** Functions of Python, each as its lines, by the names that layers ask for; what one calls stands before it. */
export const functions = {
  erfc: () => ["# NumPy itself has no error function", "erfc = np.vectorize(math.erfc, otypes=[np.float32])"],
  under,
  pad,
  unpad,
  conv2d,
  conv2d_backward: conv2dBackward,
  max_pool2d: maxPool2d,
  max_pool2d_backward: maxPool2dBackward,
  average_pool2d: averagePool2d,
  average_pool2d_backward: averagePool2dBackward,
  global_average_pool2d_backward: () =>
    define(
      "global_average_pool2d_backward(grad_out, x)",
      "Each pixel of a map gets its share in the mean, 1 / (H * W).",
      ["H, W = x.shape[2:]", "return np.broadcast_to(grad_out[:, :, None, None] / (H * W), x.shape)"],
    ),
  relu: () => define("relu(x)", "out = max(0, x)", ["return np.maximum(0, x)"]),
  relu_backward: () =>
    define("relu_backward(grad_out, x)", "The gradient passes where x was above 0.", [
      "return grad_out * (x > 0)",
    ]),
  leaky_relu: () =>
    define("leaky_relu(x, slope)", "out = x where x is above 0, else slope * x", [
      "return np.where(x > 0, x, slope * x)",
    ]),
  leaky_relu_backward: () =>
    define(
      "leaky_relu_backward(grad_out, x, slope)",
      "The gradient passes where x was above 0; elsewhere, times the slope.",
      ["return np.where(x > 0, grad_out, slope * grad_out)"],
    ),
  relu6: () => define("relu6(x)", "out = min(6, max(0, x))", ["return np.clip(x, 0, 6)"]),
  relu6_backward: () =>
    define("relu6_backward(grad_out, x)", "The gradient passes where x was between 0 and 6.", [
      "return grad_out * ((x > 0) & (x < 6))",
    ]),
  sigmoid: () =>
    define("sigmoid(x)", "out = 1 / (1 + e^-x), written so that no e^... overflows", [
      "e = np.exp(-np.abs(x))",
      "return np.where(x > 0, 1, e) / (1 + e)",
    ]),
  sigmoid_backward: () =>
    define("sigmoid_backward(grad_out, out)", "The sigmoid's slope is out * (1 - out).", [
      "return grad_out * out * (1 - out)",
    ]),
  tanh_backward: () =>
    define("tanh_backward(grad_out, out)", "The slope of tanh is 1 - out^2.", [
      "return grad_out * (1 - out * out)",
    ]),
  silu: () => define("silu(x)", "out = x * sigmoid(x)", ["return x * sigmoid(x)"]),
  silu_backward: () =>
    define("silu_backward(grad_out, x)", "The slope of x * s, where s is the sigmoid: s + x * s * (1 - s).", [
      "s = sigmoid(x)",
      "return grad_out * (s + x * s * (1 - s))",
    ]),
  gelu: () =>
    define("gelu(x)", "out = x * P(x), where P(x) is how probable a normal number below x is", [
      "return x * erfc(-x / math.sqrt(2)) / 2",
    ]),
  gelu_backward: () =>
    define(
      "gelu_backward(grad_out, x)",
      "The slope of x * P(x) is P(x) + x * bell(x), as the bell is the slope of P.",
      [
        "probability = erfc(-x / math.sqrt(2)) / 2",
        "bell = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)",
        "return grad_out * (probability + x * bell)",
      ],
    ),
  gelu_tanh: () =>
    define("gelu_tanh(x)", "out = x * sigmoid(2u), where u = sqrt(2 / pi) * (x + 0.044715 x^3)", [
      "u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)",
      "return x * sigmoid(2 * u)",
    ]),
  gelu_tanh_backward: () =>
    define(
      "gelu_tanh_backward(grad_out, x)",
      "The slope of x * s, where s = sigmoid(2u): s + x * s * (1 - s) * 2 * slope of u.",
      [
        "u = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)",
        "slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)",
        "s = sigmoid(2 * u)",
        "return grad_out * (s + x * s * (1 - s) * 2 * slope)",
      ],
    ),
  normalise,
  batch_norm: batchNorm,
  batch_norm_backward: batchNormBackward,
  dropout_mask: () =>
    define(
      "dropout_mask(x, rate, training)",
      "In training 0 for a share of the numbers, drawn anew each time, and 1 / (1 - rate) for the others, so that their mean stays; afterwards 1 for all.",
      [
        "if not training:",
        "    return np.ones_like(x)",
        "kept = rng.random(x.shape) >= rate",
        "return kept.astype(np.float32) / (1 - rate)",
      ],
    ),
  dense: ({ denseBias }: Style) =>
    define(
      `dense(x, weight${denseBias === "all" ? ", bias" : denseBias === "some" ? ", bias=None" : ""})`,
      `out[n, o] = ${denseBias === "none" ? "" : "bias[o] + "}the sum over k of weight[o, k] * x[n, k]`,
      denseBias === "all"
        ? ["return x @ weight.T + bias"]
        : denseBias === "none"
          ? ["return x @ weight.T"]
          : ["out = x @ weight.T", "return out if bias is None else out + bias"],
    ),
  dense_backward: ({ denseBias }: Style) =>
    define(
      "dense_backward(grad_out, x, weight)",
      `What went in through weight[o, k] comes back through it.${denseBias === "none" ? "" : " A bias was added as it is, once for each image."}`,
      [
        "grad_x = grad_out @ weight     # (N, O) @ (O, K): summed over the outputs",
        "grad_weight = grad_out.T @ x   # (O, N) @ (N, K): summed over the images",
        ...(denseBias === "none"
          ? ["return grad_x, grad_weight"]
          : ["grad_bias = grad_out.sum(axis=0)", "return grad_x, grad_weight, grad_bias"]),
      ],
    ),
} satisfies Readonly<Record<string, (style: Style) => string[]>>;

export type FunctionName = keyof typeof functions;

/** What functions call. */
export const calls: Readonly<Partial<Record<FunctionName, (style: Style) => readonly FunctionName[]>>> = {
  conv2d: ({ conv }) => ["under", ...(conv.padding ? ["pad" as const] : [])],
  conv2d_backward: ({ conv }) => (conv.padding ? ["unpad"] : []),
  max_pool2d: ({ maxPool }) => ["under", ...(maxPool.padding ? ["pad" as const] : [])],
  max_pool2d_backward: ({ maxPool }) => (maxPool.padding ? ["unpad"] : []),
  average_pool2d: ({ averagePool }) => ["under", ...(averagePool.padding ? ["pad" as const] : [])],
  average_pool2d_backward: ({ averagePool }) => (averagePool.padding ? ["unpad"] : []),
  silu: () => ["sigmoid"],
  gelu: () => ["erfc"],
  gelu_tanh: () => ["sigmoid"],
  batch_norm: () => ["normalise"],
};

/** A function of Python with its docstring. */
export function define(head: string, says: string, body: readonly string[]): string[] {
  return [`def ${head}:`, ...docstring([says]), ...body.map((line) => `    ${line}`)];
}
