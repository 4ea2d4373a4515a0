import type { Model, ModelLayer } from "../graph/model.js";
import type { ImageShape, Shape } from "../tensor.js";
import type { View } from "./block.js";
import { Allocator, allocateView, type Border, flattened, NO_BORDER } from "./memory.js";

/*
 * Where activations and gradients lie, and which of them share memory. View k is the input of layer k and the output of
 * the layer before it.
 */

/** Whether layer k is a ReLU that is fused into the layer before it: they share their output. */
export function isFused(model: Model, k: number): boolean {
  const before = model.layers[k - 1]?.spec.type;
  return model.layers[k]?.spec.type === "relu" && (before === "conv2d" || before === "dense");
}

/** The number of the layer that reads view k. A fused ReLU is a part of the layer before it. */
export function readerOf(model: Model, k: number): number {
  return isFused(model, k) ? k + 1 : k;
}

/**
 * The views of a model; `prefix` comes before their names.
 * @param paddingOf what the layer needs around a view that it is laid on, its input
 * @param borderOf what a layer needs around its output
 * @param isLeftOut whether a layer's output is never stored; its view then has no room
 */
export function allocateViews(
  allocator: Allocator,
  model: Model,
  prefix: string,
  {
    paddingOf,
    borderOf = () => NO_BORDER,
    isLeftOut = () => false,
  }: {
    readonly paddingOf: (layer: ModelLayer | undefined) => Border;
    readonly borderOf?: (producer: ModelLayer | undefined) => Border;
    readonly isLeftOut?: (producer: ModelLayer) => boolean;
  },
): View[] {
  const views: View[] = [];
  for (let k = 0; k <= model.layers.length; k++) {
    const producer = model.layers[k - 1];
    const previous = views[k - 1];
    if (producer?.spec.type === "flatten") views.push(flattened(previous));
    else if (isFused(model, k - 1)) views.push(previous);
    else {
      const reader = model.layers[readerOf(model, k)];
      const padding = paddingOf(reader);
      const view = (from: Allocator) =>
        allocateView(
          from,
          `${prefix}${producer ? `${producer.name}.out` : "x"}`,
          asImage(producer?.outputShape ?? model.inputShape),
          widest(padding, borderOf(producer)),
          reader?.spec.type === "flatten" ? "planes" : "rows",
          padding,
        );
      views.push(
        producer && isLeftOut(producer) ? withoutRoom(view(new Allocator("workspace"))) : view(allocator),
      );
    }
  }
  return views;
}

/** Room for either of two borders. */
function widest(a: Border, b: Border): Border {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** A view that nothing may be stored to or loaded from. */
function withoutRoom(view: View): View {
  return { ...view, buffer: { ...view.buffer, size: 0 } };
}

function asImage(shape: Shape): ImageShape {
  return shape.length === 3 ? [shape[0], shape[1], shape[2]] : [shape[0], 1, 1];
}
