import type { Model, ModelLayer } from "../model.js";
import type { ImageShape, Shape } from "../tensor.js";
import type { View } from "./block.js";
import { Allocator, allocateView, type Border, flattened } from "./memory.js";

/*
 * Where activations and gradients lie, and which of them share memory. View k is the input of layer k and the output of
 * the layer before it.
 */

/** Whether layer k is a ReLU that the layer before it does on the way: they share their output. */
export function isFused(model: Model, k: number): boolean {
  const before = model.layers[k - 1]?.spec.type;
  return model.layers[k]?.spec.type === "relu" && (before === "conv2d" || before === "dense");
}

/** The number of the layer that reads view k. A fused ReLU is a part of the layer before it. */
function readerOf(model: Model, k: number): number {
  return isFused(model, k) ? k + 1 : k;
}

/**
 * The views of a model; `prefix` comes before their names.
 * @param paddingOf what the layer that reads a view needs around it
 * @param isLeftOut whether a layer's output is never stored; its view then has no room
 */
export function allocateViews(
  allocator: Allocator,
  model: Model,
  prefix: string,
  paddingOf: (layer: ModelLayer | undefined) => Border,
  isLeftOut: (producer: ModelLayer) => boolean = () => false,
): View[] {
  const views: View[] = [];
  for (let k = 0; k <= model.layers.length; k++) {
    const producer = model.layers[k - 1];
    const previous = views[k - 1];
    if (producer?.spec.type === "flatten") views.push(flattened(previous));
    else if (isFused(model, k - 1)) views.push(previous);
    else {
      const reader = model.layers[readerOf(model, k)];
      const view = (from: Allocator) =>
        allocateView(
          from,
          `${prefix}${producer ? `${producer.name}.out` : "x"}`,
          asImage(producer?.outputShape ?? model.inputShape),
          paddingOf(reader),
          reader?.spec.type === "flatten" ? "planes" : "rows",
        );
      views.push(
        producer && isLeftOut(producer) ? withoutRoom(view(new Allocator("workspace"))) : view(allocator),
      );
    }
  }
  return views;
}

/** A view that nothing may be stored to or loaded from. */
function withoutRoom(view: View): View {
  return { ...view, buffer: { ...view.buffer, size: 0 } };
}

function asImage(shape: Shape): ImageShape {
  return shape.length === 3 ? [shape[0], shape[1], shape[2]] : [shape[0], 1, 1];
}
