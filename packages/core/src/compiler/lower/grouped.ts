import type { Conv2d } from "../../layers/conv2d.js";
import { ofOneGroup } from "../../layers/groups.js";
import { FirstGroup } from "../groups.js";
import type { BlockLowering, Node } from "./lowering.js";

/** The lowering of convolutions in groups, from that of convolutions. */
export function inGroups(lowering: BlockLowering<Conv2d>): BlockLowering<Conv2d> {
  return {
    ...lowering,

    prepare(node) {
      const nests = (own: Node<Conv2d>) => lowering.prepare?.(own) ?? [];
      if (node.resolved.groups === 1) return nests(node);
      const group = new FirstGroup(node.resolved.groups);
      return nests(nodeOf(group, node)).map((nest) => group.all(nest));
    },

    forward(node) {
      if (node.resolved.groups === 1) return lowering.forward(node);
      const group = new FirstGroup(node.resolved.groups);
      const x = group.channels(node.x);
      const pooled = node.pooled && {
        y: group.channels(node.pooled.y),
        winners: node.pooled.winners && group.channels(node.pooled.winners),
      };
      const own = { ...node, ...nodeOf(group, node), inputs: [x], x, y: group.channels(node.y), pooled };
      return lowering.forward(own).map((nest) => group.all(nest));
    },

    backward(node) {
      if (node.resolved.groups === 1) return lowering.backward(node);
      const group = new FirstGroup(node.resolved.groups);
      const x = group.channels(node.x);
      const dx = node.dx && group.channels(node.dx);
      const nests = lowering.backward({
        ...node,
        ...nodeOf(group, node),
        inputs: [x],
        x,
        y: group.channels(node.y),
        dy: group.channels(node.dy),
        gradients: [dx],
        dx,
        weightGradient: group.numbers(node.weightGradient),
        biasGradient: group.numbers(node.biasGradient),
      });
      // all of a buffer is cleared once
      const isClear = (name: string) => name === `${node.layer.name}.clear`;
      return nests.map((nest) => (isClear(nest.name) ? nest : group.all(nest)));
    },
  };
}

/** What the first group sees of a layer. */
function nodeOf(group: FirstGroup, node: Node<Conv2d>): Node<Conv2d> {
  const { layer } = node;
  const splatted = node.splatted.get(layer);
  const turned = node.gathered.get(layer);
  return {
    ...node,
    resolved: ofOneGroup(node.resolved),
    weight: group.numbers(node.weight),
    bias: group.numbers(node.bias),
    splatted: new Map(splatted ? [[layer, group.numbers(splatted)]] : []),
    gathered: new Map(node.gathered.has(layer) ? [[layer, group.numbers(turned)]] : []),
  };
}
