import type { Conv2d } from "../../layers/conv2d.js";
import { ofOneGroup } from "../../layers/groups.js";
import { FirstGroup } from "../groups.js";
import type { SingleLowering } from "./lowerings.js";

/** As `inGroups` of blocks, for one image. */
export function inGroups(lowering: SingleLowering<Conv2d>): SingleLowering<Conv2d> {
  return {
    ...lowering,

    forward(node) {
      if (node.resolved.groups === 1) return lowering.forward(node);
      const group = new FirstGroup(node.resolved.groups);
      const nests = lowering.forward({
        ...node,
        resolved: ofOneGroup(node.resolved),
        x: group.channels(node.x),
        y: group.channels(node.y),
        weight: group.numbers(node.weight),
        bias: group.numbers(node.bias),
      });
      return nests.map((nest) => group.all(nest));
    },

    backward(node) {
      if (node.resolved.groups === 1) return lowering.backward(node);
      const group = new FirstGroup(node.resolved.groups);
      const nests = lowering.backward({
        ...node,
        resolved: ofOneGroup(node.resolved),
        x: group.channels(node.x),
        y: group.channels(node.y),
        dx: node.dx && group.channels(node.dx),
        dy: group.channels(node.dy),
        weight: group.numbers(node.weight),
        weightGradient: group.numbers(node.weightGradient),
        biasGradient: group.numbers(node.biasGradient),
      });
      return nests.map((nest) => group.all(nest));
    },
  };
}
