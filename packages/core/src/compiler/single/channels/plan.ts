import type { Model, ModelLayer } from "../../../graph/model.js";
import type { LoopNest } from "../../../ir/ir.js";
import { known } from "../../../known.js";
import { hasOtherBorder, minusInfinityAround } from "../../blocks.js";
import { fusedRelu, isFusedRelu } from "../../fusion.js";
import { mapCells } from "../../lower/elementwise.js";
import type { Decisions, Node } from "../../lower/lowering.js";
import { NO_BORDER, widest } from "../../memory.js";
import type { Passes, PassesContext } from "../../passes.js";
import { splitIntoStages } from "../../stages.js";
import { allocateViews } from "../../views.js";
import { paddingFor, planWinograd } from "../../winograd.js";
import { loadImage } from "../layers.js";
import { allocateRows } from "../rows.js";
import { cellsOf, intoCells } from "./cells.js";
import { channelsLoweringOf } from "./lowerings.js";

/*
 * One image through any network, forward. A block has eight images side by side; here the eight numbers of a cell are channels
 * of the one image. Views, borders, fusions and Winograd's tiles are those of blocks, and so are the kernels of layers that
 * do the same for each channel by itself. The sums have the order that they have there, so an image has the same scores
 * by itself as among others, bit for bit.
 */

/** Whether all layers have kernels for that. If one hasn't, the whole network takes an image as a block of eight. */
export const suitsChannels = ({ layers }: Model): boolean =>
  layers.every((layer) => channelsLoweringOf(layer) !== undefined);

export function planChannels(context: PassesContext): Passes {
  const { model, convolution, workspace, shared, bytes, mask, parameter } = context;
  const winograd = planWinograd(model, convolution, workspace, false);
  const decisions: Decisions = {
    ...{ winograd, gathered: new Map(), splatted: new Map(), winners: new Map() },
    ...{ shared, training: false, blocks: { count: 0, stride: 0 }, mask },
  };
  const readers = (model.uses.get("x") ?? []).map(({ layer }) => layer);
  const readPixels = readers.every((layer) =>
    loweringOf(layer).readsPixels?.(layer.resolved, isTransformed(layer)),
  );
  const border = readPixels
    ? readers.map((layer) => paddingFor(winograd, layer)).reduce(widest, NO_BORDER)
    : NO_BORDER;
  const pixels = allocateRows(workspace, "pixels", model.inputShape, border);
  const views = allocateViews(workspace, model, {
    prefix: "",
    paddingOf: (layer) => paddingFor(winograd, layer),
    isLeftOut: (producer) => readPixels && producer === undefined,
    needsOwn: hasOtherBorder,
    cellsOf,
    reshapes: () => false,
  });
  const nodes = new Map(model.layers.map((layer) => [layer, nodeOf(layer)]));

  const prepare = model.layers.flatMap((layer) => loweringOf(layer).prepare?.(of(layer)) ?? []);
  const forward = [
    loadImage("load", bytes, pixels, model.normalize),
    ...(readPixels ? [] : [intoCells("cells", pixels, views.of("x"))]),
    ...model.layers.filter((layer) => !isFusedRelu(model, layer)).flatMap(kernelsOf),
  ];
  return {
    block: 1,
    stages: [{ each: "thread", kernels: prepare }, ...splitIntoStages(forward)],
    tables: shared.tables,
    x: { ...pixels, column: 1 },
    logits: { ...views.of(model.output), plane: 1 },
    bordersOfMinusInfinity: minusInfinityAround(model, views),
  };

  function isTransformed(layer: ModelLayer): boolean {
    return winograd?.weights.has(layer) === true;
  }

  function nodeOf(layer: ModelLayer): Node {
    const sizes = loweringOf(layer).memory?.(layer.resolved, isTransformed(layer)) ?? {};
    return {
      ...decisions,
      layer,
      resolved: layer.resolved,
      weight: parameter(layer, "weight"),
      bias: parameter(layer, "bias"),
      memory: Object.fromEntries(
        Object.entries(sizes).map(([name, size]) => [name, workspace.numbers(`${layer.name}.${name}`, size)]),
      ),
      state: (name) => parameter(layer, name),
    };
  }

  function of(layer: ModelLayer): Node {
    return known(nodes.get(layer));
  }

  function kernelsOf(layer: ModelLayer): LoopNest[] {
    const inputs = layer.inputs.map((_, k) => views.input(layer, k));
    const copies = layer.inputs.flatMap((tensor, k) => {
      const own = views.own(layer, k);
      return own ? [mapCells(`${layer.name}.copy`, [views.of(tensor)], own, ([x]) => x)] : [];
    });
    const kernels = loweringOf(layer).forward({
      ...of(layer),
      inputs,
      x: inputs[0],
      y: views.of(layer.output),
      relu: fusedRelu(model, layer) !== undefined,
      pooled: undefined,
      pixels: readPixels && layer.inputs[0] === "x" ? pixels : undefined,
    });
    return [...copies, ...kernels];
  }
}

const loweringOf = (layer: ModelLayer) => known(channelsLoweringOf(layer));
