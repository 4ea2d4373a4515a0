import type { GlobalAveragePool2d } from "../../layers/globalAveragePool2d.js";
import { averagePlanes, spreadOverPlanes } from "../kernels/globalAveragePool2d.js";
import type { Lowering } from "./lowering.js";

export const globalAveragePool2dLowering: Lowering<GlobalAveragePool2d> = {
  eachChannel: true,
  forward: ({ layer, x, y }) => [averagePlanes(`${layer.name}.forward`, x, y)],
  backward: ({ layer, dx, dy }) => (dx ? [spreadOverPlanes(`${layer.name}.inputGradient`, dy, dx)] : []),
};
