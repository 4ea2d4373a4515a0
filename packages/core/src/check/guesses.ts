import type { NpyArray } from "../formats/npy.js";
import type { Candidate } from "./candidates.js";
import { readLabels } from "./labels.js";
import { type Reading, readArrays } from "./layoutOfArrays.js";
import { type FlattenOrder, flattenOrders, ORDERS } from "./layouts.js";
import { Memory } from "./memory.js";
import type { NamedArrays } from "./names.js";
import {
  CROSS_ENTROPY,
  flattenedArrays,
  type GradientScale,
  type LossReading,
  makeNetwork,
  type SeparateLoss,
} from "./network.js";
import { sortArrays, statusOf } from "./status.js";
import { workingPrecision } from "./value.js";

/** What a file is taken for. */
export interface Guess {
  readonly candidate: Candidate;
  readonly flatten: FlattenOrder;
  readonly scale: GradientScale;
  readonly loss: LossReading;
}

/** A guess with what came of it. */
export interface Attempt {
  readonly guess: Guess;
  readonly reading: Reading;
  /** The first array that is wrong. */
  readonly wrong: string | undefined;
}

/** @param loss the type of the model's loss, if there is a model */
export const usualGuess = (candidate: Candidate, loss?: string): Guess => ({
  candidate,
  flatten: usualOrder(candidate),
  scale: "mean",
  loss: readingOf(loss, candidate),
});

/** Of the losses that a model can have, those that look at each number alone, averaged over images and classes. */
const separate: Readonly<Record<string, Pick<SeparateLoss, "kind" | "link">>> = {
  meanSquaredError: { kind: "squares", link: "none" },
  binaryCrossEntropy: { kind: "binary", link: "sigmoid" },
};

function readingOf(loss: string | undefined, { layers, images }: Candidate): LossReading {
  const [classes] = layers[layers.length - 1].resolved.outputShape;
  // of one score, softmax would make nothing but 1
  const known = separate[classes === 1 ? "binaryCrossEntropy" : (loss ?? "")];
  return known ? { ...known, factor: 1 / (images * classes) } : CROSS_ENTROPY;
}

/** A function that reads a file as a guess says. */
export function readerOf(named: NamedArrays): (guess: Guess) => Reading {
  const working = workingPrecision(floats(named));
  const memory = new Memory();
  return ({ candidate, flatten, scale, loss }) => {
    const { spec, layers, images } = candidate;
    const y = named.arrays.get("y");
    const [{ resolved: last }] = layers.slice(-1);
    const labels = y && readLabels(y, images, last.outputShape[0]).rows;
    const network = makeNetwork(spec, layers, { images, labels, scale, loss });
    const own = layers.filter(({ type }) => type === "unknown").map(({ name }) => name);
    return readArrays(withLayers(named, own), network, candidate, flatten, working, memory);
  };
}

/** The arrays whose names are known, with those of layers of unknown kinds. */
function withLayers({ arrays, unknown }: NamedArrays, layers: readonly string[]): NamedArrays["arrays"] {
  if (layers.length === 0) return arrays;
  const names = new Map(
    layers.flatMap((name) => [`${name}.out`, `grad.${name}.out`].map((one) => [dotted(one), one])),
  );
  const own = [...unknown].flatMap(([name, array]): [string, NpyArray][] => {
    const contract = names.get(dotted(name));
    return contract === undefined ? [] : [[contract, array]];
  });
  return new Map([...arrays, ...own]);
}

const dotted = (name: string) => name.toLowerCase().replaceAll("_", ".");

/** What layers of unknown kinds are called whose outputs are in a file: `lrn1` of `lrn1.out`. */
export function unknownLayers({ unknown }: NamedArrays): string[] {
  return [...unknown.keys()].flatMap((name) => /^([a-z]\w*)\.out$/.exec(dotted(name))?.[1] ?? []);
}

function floats({ arrays }: NamedArrays): NpyArray[] {
  return [...arrays]
    .filter(([name]) => name !== "loss" && name !== "lr" && name !== "y")
    .map(([, array]) => array);
}

/** Whoever has the channels last in the images flattens them so. */
export function usualOrder(candidate: Candidate): FlattenOrder {
  const channelsLast = candidate.orders.get("x")?.join() === ORDERS.images.nhwc.join();
  return channelsLast && ordersOf(candidate).includes("HWC") ? "HWC" : "CHW";
}

export function ordersOf({ layers }: Candidate): FlattenOrder[] {
  return [...new Set(["CHW" as const, ...[...flattenedArrays(layers).values()].flatMap(flattenOrders)])];
}

/** The first array that is wrong. */
export function firstWrong(reading: Reading): string | undefined {
  for (const name of reading.network.shapes.keys()) {
    if (statusOf(reading, reading.run, name).comparison?.agrees === false) return name;
  }
  return undefined;
}

export const countWrong = (reading: Reading) => sortArrays(reading, reading.run).wrong.length;
