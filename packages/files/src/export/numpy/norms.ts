import { docstring, pythonNumber } from "../source/python.js";
import type { Style } from "../source/style.js";

/* Python's functions for batch normalisation. */

/** What is one number for each channel, so that it fits to a batch. */
function each({ norm }: Style, numbers: string): string {
  if (!norm.images) return numbers;
  return norm.rows ? `per_channel(${numbers}, x)` : `${numbers}[:, None, None]`;
}

const parameters = ({ norm }: Style) => `name, training${norm.eps === undefined ? ", eps" : ""}`;

const axes = ({ norm }: Style) =>
  !norm.images ? "axis=0" : norm.rows ? "axis=axes_of(x)" : "axis=(0, 2, 3)";

/** `normalise(x, name, training)`, and before it what tells channels where there are images and rows. */
export function normalise(style: Style): string[] {
  const { norm } = style;
  const eps = norm.eps === undefined ? "eps" : pythonNumber(norm.eps);
  const both =
    norm.images && norm.rows
      ? [
          "def per_channel(values, x):",
          ...docstring(["One number for each channel, in a shape that fits to images and to rows."]),
          "    return values.reshape(-1, *(1 for _ in x.shape[2:]))",
          "",
          "",
          "def axes_of(x):",
          ...docstring(["All axes but that of the channels."]),
          "    return (0, 2, 3) if x.ndim == 4 else 0",
          "",
          "",
        ]
      : [];
  return [
    ...both,
    `def normalise(x, ${parameters(style)}):`,
    ...docstring([
      "x_hat = (x - mean) / sqrt(variance + eps), each channel by itself: in training by the mean and the variance of the batch, afterwards by those that were kept from all batches. Returns x_hat and what was divided by.",
    ]),
    "    if training:",
    `        mean, variance = x.mean(${axes(style)}), x.var(${axes(style)})`,
    "    else:",
    '        mean, variance = p[name + ".running_mean"], p[name + ".running_var"]',
    `    deviation = np.sqrt(${each(style, "variance")} + ${eps})`,
    `    return (x - ${each(style, "mean")}) / deviation, deviation`,
  ];
}

export function batchNorm(style: Style): string[] {
  return [
    `def batch_norm(x, ${parameters(style)}):`,
    ...docstring(["out = weight * x_hat + bias"]),
    `    x_hat, _ = normalise(x, ${parameters(style)})`,
    `    return ${each(style, 'p[name + ".weight"]')} * x_hat + ${each(style, 'p[name + ".bias"]')}`,
  ];
}

export function batchNormBackward(style: Style): string[] {
  return [
    `def batch_norm_backward(grad_out, x, ${parameters(style)}):`,
    ...docstring([
      "In training, mean and variance depend on all m numbers of a channel. What would only move all of them alike (grad_bias / m), or stretch them (x_hat * grad_weight / m), is undone by them and has no gradient.",
    ]),
    `    x_hat, deviation = normalise(x, ${parameters(style)})`,
    `    grad_bias = grad_out.sum(${axes(style)})`,
    `    grad_weight = (grad_out * x_hat).sum(${axes(style)})`,
    "    if training:",
    "        m = x.size // x.shape[1]  # how many numbers a channel has",
    `        grad_out = grad_out - (${each(style, "grad_bias")} + x_hat * ${each(style, "grad_weight")}) / m`,
    `    grad_x = ${each(style, 'p[name + ".weight"]')} / deviation * grad_out`,
    "    return grad_x, grad_weight, grad_bias",
  ];
}
