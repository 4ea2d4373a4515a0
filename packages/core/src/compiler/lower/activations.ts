import {
  binary,
  constant,
  type Expression,
  type LoopNestBuilder,
  mul,
  pmax,
  select,
  type Variable,
} from "../../ir/ir.js";
import type { Gelu } from "../../layers/gelu.js";
import type { ResolvedLayer } from "../../layers/layer.js";
import type { LeakyRelu } from "../../layers/leakyRelu.js";
import { CEILING } from "../../layers/relu6.js";
import * as kernels from "../kernels/smooth.js";
import type { Elementwise } from "./elementwise.js";

/* What becomes of one number, in blocks of images and in one image. */

export const leakyRelu: Elementwise<LeakyRelu> = {
  output: ([x], { slope }) => select(binary("gt", x, constant(0)), x, mul(x, constant(slope))),
  gradients: ({ inputs: [x], dy }, { slope }) => [
    select(binary("gt", x, constant(0)), dy, mul(dy, constant(slope))),
  ],
};

export const relu6: Elementwise = {
  output: ([x]) => select(binary("gt", x, constant(CEILING)), constant(CEILING), pmax(x, constant(0))),
  gradients({ y, dy }) {
    const isBelow = binary("gt", constant(CEILING), y);
    return [binary("and", binary("and", dy, binary("gt", y, constant(0))), isBelow)];
  },
};

export const sigmoid: Elementwise = {
  output: ([x], _layer, b) => kernels.sigmoid(b, b.variable(x)),
  gradients: ({ y, dy }, _layer, b) => [mul(dy, kernels.sigmoidSlope(b.variable(y)))],
};

export const tanh: Elementwise = {
  output: ([x], _layer, b) => kernels.tanh(b, b.variable(x)),
  gradients: ({ y, dy }, _layer, b) => [mul(dy, kernels.tanhSlope(b.variable(y)))],
};

export const silu = ofInput(() => [kernels.silu, kernels.siluSlope]);

export const gelu = ofInput<Gelu>(({ approximate }) =>
  approximate === "tanh" ? [kernels.geluTanh, kernels.geluTanhSlope] : [kernels.gelu, kernels.geluSlope],
);

type OfNumber = (b: LoopNestBuilder, x: Variable) => Expression;

/** A function whose slope, too, is made from what came in. */
function ofInput<Resolved extends ResolvedLayer>(
  functionsOf: (layer: Resolved) => readonly [value: OfNumber, slope: OfNumber],
): Elementwise<Resolved> {
  return {
    output: ([x], layer, b) => functionsOf(layer)[0](b, b.variable(x)),
    gradients: ({ inputs: [x], dy }, layer, b) => [mul(dy, functionsOf(layer)[1](b, b.variable(x)))],
  };
}
