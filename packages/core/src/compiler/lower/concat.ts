import type { ModelLayer } from "../../graph/model.js";
import { type Concat, firstChannels } from "../../layers/concat.js";
import type { View } from "../block.js";
import { mapCells } from "./elementwise.js";
import type { Lowering } from "./lowering.js";

/* Each input is copied to its channels of the output, and these channels' gradients are copied back. */
export const concatLowering: Lowering<Concat> = {
  forward: ({ layer, resolved, inputs, y }) =>
    inputs.map((x, k) =>
      mapCells(nameOf(layer, "forward", k), [x], channelsOf(resolved, y, k), ([value]) => value),
    ),

  backward: ({ layer, resolved, dy, gradients }) =>
    gradients.flatMap((dx, k) =>
      dx
        ? [mapCells(nameOf(layer, "inputGradient", k), [channelsOf(resolved, dy, k)], dx, ([value]) => value)]
        : [],
    ),
};

const nameOf = ({ name }: ModelLayer, kernel: string, input: number) =>
  `${name}.${kernel}${input === 0 ? "" : input + 1}`;

/** What one of the inputs becomes, within the output. */
function channelsOf({ inputShapes }: Concat, view: View, input: number): View {
  const before = firstChannels(inputShapes)[input] * view.plane;
  const [, height, width] = view.shape;
  return {
    ...view,
    shape: [inputShapes[input][0], height, width],
    start: view.start + before,
    windowStart: view.windowStart + before,
  };
}
