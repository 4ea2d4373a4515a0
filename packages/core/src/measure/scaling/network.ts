import { conv2d, dense, flatten, maxPool2d, relu, sequential } from "../../builders.js";
import { oneConv } from "../../builtIn.js";
import type { ModelSpec } from "../../graph/model.js";
import type { EpochSettings, Sweep } from "./sweep.js";

/**
 * The network that a sweep trains: `oneConv`. Where the kernel is what changes, the picture gets a border (padding
 * `same`), so that kernels of all sizes have equally many places, and nothing else changes.
 */
export function networkFor(sweep: Sweep): (settings: EpochSettings) => ModelSpec {
  if (sweep !== "kernel") return ({ filters }) => oneConv({ filters });
  return ({ filters, kernel }) =>
    sequential(
      [1, 28, 28],
      [
        conv2d({ filters, kernel, padding: "same" }),
        relu(),
        maxPool2d({ size: 2 }),
        flatten(),
        dense({ units: 10 }),
      ],
    );
}
