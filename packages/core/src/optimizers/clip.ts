import type { FloatArray } from "../tensor.js";

/**
 * Scales all gradients by one factor so that their common length (the root of the sum of all squares) is at most
 * `longest`. As `torch.nn.utils.clip_grad_norm_`.
 * @returns the length before
 */
export function clipGradients(gradients: readonly FloatArray[], longest: number): number {
  let squares = 0;
  for (const gradient of gradients)
    for (let k = 0; k < gradient.length; k++) squares += gradient[k] * gradient[k];
  const length = Math.sqrt(squares);
  const factor = longest / (length + 1e-6);
  if (factor < 1)
    for (const gradient of gradients) for (let k = 0; k < gradient.length; k++) gradient[k] *= factor;
  return length;
}
