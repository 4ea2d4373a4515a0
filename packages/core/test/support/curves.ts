import { type AnyLayer, layerKinds } from "../../src/layers/index.js";
import type { ResolvedLayer } from "../../src/layers/layer.js";
import type { Tensor } from "../../src/tensor.js";
import { readGolden } from "./goldenFile.js";

/** A smooth function of one number: its layer, and what PyTorch gives for many numbers, also far out, in float64. */
export interface Curve {
  readonly name: string;
  readonly kind: AnyLayer;
  readonly layer: ResolvedLayer;
  readonly y: Tensor;
  /** The gradient of `x`, where that of `y` is `outgoing`. */
  readonly dx: Tensor;
}

const { about, tensors } = readGolden<{ readonly curves: readonly string[] }>("curves");
const asBatch = ({ data }: Tensor): Tensor => ({ shape: [1, data.length], data });

export const x = asBatch(tensors.x);
export const outgoing = asBatch(tensors["grad.y"]);

const specs: Readonly<
  Record<string, { readonly type: keyof typeof layerKinds; readonly approximate?: "tanh" }>
> = {
  sigmoid: { type: "sigmoid" },
  tanh: { type: "tanh" },
  silu: { type: "silu" },
  gelu: { type: "gelu" },
  geluTanh: { type: "gelu", approximate: "tanh" },
};

export const curves: readonly Curve[] = about.curves.map((name) => {
  const kind = layerKinds[specs[name].type] as AnyLayer;
  return {
    name,
    kind,
    layer: kind.resolve(specs[name], [x.data.length]),
    y: asBatch(tensors[name]),
    dx: asBatch(tensors[`grad.${name}`]),
  };
});
