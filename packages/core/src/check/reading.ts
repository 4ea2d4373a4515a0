import { InputError } from "../errors.js";
import type { NpyArray } from "../formats/npy.js";
import { defineModel, type ModelSpec } from "../model.js";
import { formatShape, sizeOf } from "../tensor.js";
import { type Candidate, inferCandidates } from "./candidates.js";
import { imagesReadings, labelCounts } from "./images.js";
import { readLabels } from "./labels.js";
import { type Reading, readArrays } from "./layoutOfArrays.js";
import { type FlattenOrder, fittingOrders, flattenOrders, type Order } from "./layouts.js";
import type { NamedArrays } from "./names.js";
import { flattenedShape, type GradientScale, makeNetwork, resolveChain } from "./network.js";
import { sortArrays } from "./status.js";
import { workingPrecision } from "./value.js";

/*
 * What is what? The network, the order of the dimensions, the order of flatten and the scale of the gradients are
 * sometimes given by the shapes, and sometimes not. Then the numbers decide: the reading in which most arrays are right.
 */

/** @throws InputError if no network fits */
export function findReading(named: NamedArrays, model: ModelSpec | undefined): Reading {
  const candidates = model ? givenCandidates(named, model) : inferCandidates(named);
  const working = workingPrecision(floats(named));
  let best: { reading: Reading; wrong: number } | undefined;
  const scales: GradientScale[] = ["mean"];
  const attempt = (candidate: Candidate, flatten: FlattenOrder, scale: GradientScale) => {
    const { spec, layers, images } = candidate;
    const y = named.arrays.get("y");
    const classes = layers[layers.length - 1].resolved.outputShape[0];
    const labels = y && readLabels(y, images, classes).rows;
    const network = makeNetwork(spec, layers, { images, labels, scale });
    const reading = readArrays(named.arrays, network, candidate, flatten, working);
    const wrong = sortArrays(reading, reading.run).wrong.length;
    if (!best || wrong < best.wrong) {
      best = { reading, wrong };
      chosen = candidate;
    }
    return wrong === 0;
  };
  let chosen = candidates[0];
  for (const candidate of candidates) {
    if (attempt(candidate, "CHW", scales[0])) return best!.reading;
  }
  // What goes wrong first can be any of the three: first the order of flatten, for each network, then the scale.
  for (const candidate of candidates.slice(0, MOST_WITH_FLATTEN)) {
    const image = flattenedShape(candidate.layers);
    for (const flatten of image ? flattenOrders(image).slice(1) : []) {
      if (attempt(candidate, flatten, "mean")) return best!.reading;
    }
  }
  for (const scale of possibleScales(best!.reading)) {
    if (attempt(chosen, best!.reading.flatten, scale)) break;
  }
  return best!.reading;
}

const MOST_WITH_FLATTEN = 6;

function floats({ arrays }: NamedArrays): NpyArray[] {
  return [...arrays]
    .filter(([name]) => name !== "loss" && name !== "lr" && name !== "y")
    .map(([, array]) => array);
}

/** Gradients of the summed loss are right only if the loss, if it is given, is not the mean. */
function possibleScales(reading: Reading): GradientScale[] {
  const { network, run } = reading;
  if (network.images === 1) return [];
  const lossIsMean = sortArrays(reading, run).right.includes("loss");
  return lossIsMean ? ["parameters"] : ["sum", "parameters"];
}

/** The given network, with every way to read the inputs. */
function givenCandidates({ arrays }: NamedArrays, model: ModelSpec): Candidate[] {
  const { spec, inputShape, layers: modelLayers } = defineModel(model);
  const layers = resolveChain(spec.layers, inputShape);
  const classes = modelLayers[modelLayers.length - 1].outputShape[0];
  let orders: ReadonlyMap<string, Order>[] = [new Map()];
  for (const { name, shape } of layers.flatMap(({ parameters }) => parameters)) {
    const array = arrays.get(name) ?? arrays.get(`grad.${name}`) ?? arrays.get(`new.${name}`);
    if (!array) continue;
    const fitting = fittingOrders(name, shape, array.shape);
    if (fitting.length === 0 && arrays.has(name)) {
      throw new InputError(
        `${name} has shape ${formatShape(array.shape)}, but in the given network it has ${formatShape(shape)}; give the network that made the arrays.`,
      );
    }
    if (name.endsWith(".weight") && fitting.length > 0) {
      orders = orders.flatMap((known) => fitting.map((order) => new Map([...known, [name, order]])));
    }
  }
  const x = arrays.get("x") ?? arrays.get("grad.x");
  const counts = labelCounts(arrays.get("y"), [classes]);
  const readings = x
    ? imagesReadings(x.shape, inputShape[0], [sizeOf(x.shape) / sizeOf(inputShape)]).filter(
        ({ shape }) => shape.join() === inputShape.join(),
      )
    : (counts ?? [1]).map((images) => ({ images, shape: inputShape, order: [0, 1, 2, 3] as Order }));
  if (readings.length === 0) {
    throw new InputError(
      `x has shape ${formatShape(x?.shape ?? [])}, but the given network takes images of ${formatShape(inputShape)}; give the network that made the arrays.`,
    );
  }
  return readings.flatMap(({ images, order }) =>
    orders.map((known) => ({ spec, layers, images, orders: new Map([...known, ["x", order]]), cost: 0 })),
  );
}
