import { type Model, type ModelLayer, producerOf } from "../graph/model.js";
import { known } from "../known.js";
import type { ImageShape, Shape } from "../tensor.js";
import type { View } from "./block.js";
import { endOf, isFusedRelu } from "./fusion.js";
import { loweringOf } from "./lower/registry.js";
import { Allocator, allocateView, type Border, flattened, laidOn, NO_BORDER, widest } from "./memory.js";

/*
 * Where activations or gradients lie, and which of them share memory.
 *
 * A tensor has one view, for all who take it. What one of them needs otherwise (an order of its cells in which they can be
 * flattened, a border that isn't zero) and the others not, it gets in a view of its own: a copy of the activation, or its
 * part of the gradient.
 */
export interface Views {
  /** The view of a tensor. */
  of(tensor: string): View;
  /** The view that a layer has of its input number `input`. */
  input(layer: ModelLayer, input?: number): View;
  /** The same, if that is a view of the layer's own. */
  own(layer: ModelLayer, input?: number): View | undefined;
}

export interface ViewNeeds {
  /** What is put before the views' names. */
  readonly prefix: string;
  /** What a layer needs around its input. */
  paddingOf(layer: ModelLayer): Border;
  /** What a layer needs around its output. */
  borderOf?(layer: ModelLayer): Border;
  /** Whether a layer's output, or the network's input, is never stored; its view then has no memory. */
  isLeftOut?(producer: ModelLayer | undefined): boolean;
  /** Whether a layer's output is scratch, written anew wherever it is read. */
  isScratch?(producer: ModelLayer): boolean;
  /**
   * Whether a layer's input has the same numbers as its output, so that what nobody else takes and nobody changes lies in the
   * same memory.
   */
  isSameAsInput?(layer: ModelLayer): boolean;
  /** Whether a layer needs a view of its own of what others take, too. */
  needsOwn(layer: ModelLayer): boolean;
  /** How many planes, rows and columns of cells a tensor takes; default: a cell for each number of an image. */
  cellsOf?(shape: Shape): ImageShape;
  /** Whether a layer's output is its input in the same memory; default: as its lowering says. */
  reshapes?(layer: ModelLayer): boolean;
}

export function allocateViews(allocator: Allocator, model: Model, needs: ViewNeeds): Views {
  const { prefix, paddingOf, borderOf = () => NO_BORDER, isLeftOut = () => false, cellsOf = asImage } = needs;
  const reshapes = needs.reshapes ?? ((layer: ModelLayer) => loweringOf(layer).reshapes === true);
  const views = new Map<string, View>();
  const own = new Map<string, View>();

  const viewOf = (tensor: string): View => {
    const view = views.get(tensor) ?? allocate(tensor);
    views.set(tensor, view);
    return view;
  };
  const allocate = (tensor: string): View => {
    const producer = producerOf(model, tensor);
    const [input] = producer?.inputs ?? [];
    if (producer && reshapes(producer)) return flattened(inputView(producer, 0));
    if (producer && isFusedRelu(model, producer)) return viewOf(input);
    const end = producer ? endOf(model, producer).output : tensor;
    const uses = model.uses.get(end) ?? [];
    const shared = uses.length === 1 ? uses : uses.filter(({ layer }) => !needs.needsOwn(layer));
    const paddings = shared.map(({ layer }) => paddingOf(layer));
    const border = [...paddings, producer ? borderOf(producer) : NO_BORDER].reduce(widest, NO_BORDER);
    const isPlain = end === tensor && border.every((cells) => cells === 0);
    if (isPlain && uses.length === 1 && needs.isSameAsInput?.(uses[0].layer))
      return viewOf(uses[0].layer.output);
    const shape = cellsOf(producer?.outputShape ?? model.inputShape);
    const isRow = uses.length === 1 && reshapes(uses[0].layer);
    const view = (from: Pick<Allocator, "numbers">) =>
      allocateView(
        from,
        `${prefix}${tensor}`,
        shape,
        border,
        isRow ? "planes" : "rows",
        paddings[0] ?? NO_BORDER,
      );
    if (isLeftOut(producer)) return withoutRoom(view(new Allocator("workspace")));
    const isScratch = producer !== undefined && needs.isScratch?.(producer);
    return view(isScratch ? { numbers: (name, size) => allocator.scratch(name, size) } : allocator);
  };
  const inputView = (layer: ModelLayer, input: number): View => {
    const key = keyOf(layer, input);
    const tensor = layer.inputs[input];
    const before = own.get(key);
    if (before) return before;
    const padding = paddingOf(layer);
    const view = viewOf(tensor);
    if ((model.uses.get(tensor) ?? []).length === 1) return view;
    if (!needs.needsOwn(layer)) return laidOn(view, padding);
    const order = reshapes(layer) ? "planes" : "rows";
    const ownView = allocateView(
      allocator,
      `${prefix}${layer.name}.x${input + 1}`,
      view.shape,
      padding,
      order,
    );
    own.set(key, ownView);
    return ownView;
  };

  for (const tensor of ["x", ...model.layers.map(({ output }) => output)]) viewOf(tensor);
  return {
    of: (tensor) => known(views.get(tensor)),
    input: (layer, input = 0) => inputView(layer, input),
    own: (layer, input = 0) => own.get(keyOf(layer, input)),
  };
}

const keyOf = ({ name }: ModelLayer, input: number) => `${name}/${input}`;

/** A view that nothing may be stored to or loaded from. */
function withoutRoom(view: View): View {
  return { ...view, buffer: { ...view.buffer, size: 0 } };
}

function asImage(shape: Shape): ImageShape {
  return shape.length === 3 ? [shape[0], shape[1], shape[2]] : [shape[0], 1, 1];
}
