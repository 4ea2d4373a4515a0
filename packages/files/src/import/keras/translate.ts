import { checkParameters, defineModel, InputError, inFile, type ModelSpec } from "unravel-cnn";
import { known } from "../../known.js";
import type { ImportedModel } from "../format.js";
import type { KerasLayer, KerasNetwork } from "./config.js";
import { Given, type WeightSource } from "./given.js";
import { member, told } from "./json.js";
import { Network, type Scaling, type Value } from "./network.js";
import { rows } from "./rows.js";

/* From a list of Keras's layers and their weights to a model: layer by layer, by the table of rows. */

/** What a file may say besides the network. */
export interface Extras {
  /** Names of the classes, as the file has them. */
  readonly classes?: unknown;
  /** The loss, as the file has it; what the network ends in says more. */
  readonly loss?: unknown;
  /** What pixels from 0 to 1 become before the network, as the file has it. */
  readonly normalize?: unknown;
  /** The layer at the start that makes inputs of bytes. */
  readonly pixelsLayer?: string | undefined;
  /** Whether somebody gave a spec, which isn't needed. */
  readonly givenSpec?: boolean;
}

/** @throws InputError in one sentence, with the layer's name, class and what can't be taken */
export function translate(
  { layers, inputShape }: KerasNetwork,
  weights: WeightSource,
  source: string,
  extras: Extras = {},
): ImportedModel {
  const network = new Network();
  const users = usersOf(layers);
  const channelsFirst = areChannelsFirst(layers, source);
  const values = new Map<string, Value>();
  const output = layers[layers.length - 1];
  const place = { channelsFirst, pixelsLayer: extras.pixelsLayer };
  for (const layer of layers) {
    const value = inLayer(source, layer, () => {
      if (layer.className === "InputLayer") return inputOf(layer, inputShape, users, channelsFirst, network);
      const inputs = layer.inputs.map((key) => known(values.get(key)));
      return apply(new Given(layer, network, weights, { ...place, isOutput: layer === output }), inputs);
    });
    // what scales one of several ways that pixels go scales no input
    const { raw: _raw, ...used } = value;
    values.set(layer.key, (users.get(layer.key)?.length ?? 0) > 1 ? used : value);
  }
  const result = known(values.get(output.key));
  inLayer(source, output, () => checkOutput(result, network));
  const input = inputImage(layers, values);
  return finished(network, input, result.shape[0], source, extras);
}

function inLayer<T>(source: string, { key, className }: KerasLayer, work: () => T): T {
  try {
    return work();
  } catch (error) {
    // what is wrong with the file itself is a sentence already
    if (
      !(error instanceof InputError) ||
      error.message.startsWith(`${source}: `) ||
      error.message.startsWith(`${source}, `)
    )
      throw error;
    throw new InputError(`${source}: layer ${told(key)} (${className}): ${error.message}.`);
  }
}

/** Why some layers can't be taken, where it isn't just that this library has none. */
const REASONS: Readonly<Record<string, string>> = {
  Lambda: "it is a program in Python",
  TFOpLambda: "it is an operation of TensorFlow without a layer",
};

function apply(given: Given, inputs: readonly Value[]): Value {
  const { className } = given.layer;
  if (!Object.hasOwn(rows, className)) {
    const reason = Object.hasOwn(REASONS, className) ? REASONS[className] : "this library has no such layer";
    return given.fail(`it can't be taken: ${reason}; train the network without it`);
  }
  const row = rows[className];
  if (row.several !== true && inputs.length !== 1)
    return given.fail(`it has ${inputs.length} inputs instead of one`);
  if (row.several && inputs.length < 2) return given.fail("it has one input, but needs at least two");
  for (const { pad, turned, around, frame, curve } of inputs) {
    const isStep = (frame && !row.takes?.includes("frame")) || (curve && !row.takes?.includes("curve"));
    if (isStep || (around !== undefined && !row.takes?.includes("around")))
      return given.fail(
        "its input was scaled or multiplied inside the network, which can only be taken at the start, on the pixels, or where it makes GELU or the padding of a max-pool",
      );
    if (pad?.some((side) => side > 0) && !row.takes?.includes("pad"))
      return given.fail(
        "zeros were put around its input, which can only be taken before a convolution or a pool",
      );
    if (turned && !row.takes?.includes("turned"))
      return given.fail(
        "its input was turned by a Permute layer, which can only be taken before a Flatten layer",
      );
  }
  return row.read(given, inputs[0], ...inputs.slice(1));
}

/** Which layers take each layer's output. */
function usersOf(layers: readonly KerasLayer[]): Map<string, KerasLayer[]> {
  const users = new Map<string, KerasLayer[]>();
  for (const layer of layers)
    for (const key of layer.inputs) {
      const known = users.get(key);
      if (known) known.push(layer);
      else users.set(key, [layer]);
    }
  return users;
}

/** Flatten's own data_format says something else. */
const KEEPS_ORDER = ["Flatten", "InputLayer"];

function areChannelsFirst(layers: readonly KerasLayer[], source: string): boolean {
  const saying = layers.filter(
    ({ className, config }) =>
      !KEEPS_ORDER.includes(className) && typeof member(config, "data_format") === "string",
  );
  const first = saying.filter(({ config }) => config.data_format === "channels_first");
  if (first.length === 0) return false;
  const last = saying.find(({ config }) => config.data_format !== "channels_first");
  if (last === undefined) return true;
  throw new InputError(
    `${source}: layer ${told(first[0].key)} has the channels first, ${told(last.key)} has them last; only one of both can be taken.`,
  );
}

/** The input as an image; a row of numbers, or rows without channels, become images of one channel. */
function inputOf(
  layer: KerasLayer,
  given: readonly unknown[],
  users: ReadonlyMap<string, readonly KerasLayer[]>,
  channelsFirst: boolean,
  network: Network,
): Value {
  const problem = `the input's shape is ${told(given)}; images of one size that is given are needed`;
  if (!given.every((size) => typeof size === "number" && Number.isSafeInteger(size) && size > 0))
    throw new InputError(problem);
  const shape = given as readonly number[];
  const raw = true as const;
  if (shape.length === 3) {
    const [a, b, c] = shape;
    return { name: "x", shape: channelsFirst ? shape : [c, a, b], raw };
  }
  if (shape.length === 2) return { name: "x", shape: [1, ...shape], raw };
  if (shape.length !== 1) throw new InputError(problem);
  const image = imageMadeOf(shape[0], users.get(layer.key) ?? []);
  if (image !== undefined) return { name: "x", shape: image, raw };
  network.remarks.add(
    `The input is a row of ${shape[0]} numbers; here it is an image of one row, [1, 1, ${shape[0]}].`,
  );
  return network.add({ type: "flatten" }, { name: "x", shape: [1, 1, shape[0]] });
}

/** If a row of numbers is only taken to be written as one grey image: that image's shape. */
function imageMadeOf(count: number, users: readonly KerasLayer[]): number[] | undefined {
  const targets = users.map(({ className, config }) =>
    className === "Reshape" ? member(config, "target_shape") : undefined,
  );
  const [target] = targets;
  if (!Array.isArray(target) || targets.some((one) => String(one) !== String(target))) return undefined;
  const sides = target.filter((size) => size !== 1);
  const fits = sides.length === 2 && sides.every((size) => Number.isSafeInteger(size) && size > 0);
  return fits && sides[0] * sides[1] === count ? [1, sides[0], sides[1]] : undefined;
}

function inputImage(layers: readonly KerasLayer[], values: ReadonlyMap<string, Value>): Value["shape"] {
  const first = known(layers.find(({ className }) => className === "InputLayer"));
  const { name, shape } = known(values.get(first.key));
  return name === "x" ? shape : [1, 1, ...shape];
}

function checkOutput({ order, pad, turned, frame, curve, shape, name }: Value, network: Network): void {
  if (network.specs.length === 0 || name === "x")
    throw new InputError("the network has no layer that computes something");
  if (order !== undefined || pad !== undefined || turned || frame || curve)
    throw new InputError(
      "the network ends in an image's numbers as they lie, or in scaled ones; only classes in their order can be taken, such as a Dense layer gives",
    );
  if (shape.length !== 1)
    throw new InputError("the network ends in images; one number for each class is needed");
  if (shape[0] < 2)
    throw new InputError(
      "the network ends in one number without a sigmoid; one for each of at least 2 classes is needed",
    );
}

/** Pixels p from 0 to 1: white p scale + offset = (p - mean) / std. */
function normalizationOf({ white, scale, offset }: Scaling): ModelSpec["normalize"] {
  if (!scale.every((one) => one > 0))
    throw new InputError(
      "its layers at the start scale pixels by a number that isn't above 0, which can't be taken.",
    );
  const std = scale.map((one) => Number((1 / (white * one)).toPrecision(9)));
  const mean = offset.map((one, c) => Number((-one / (white * scale[c]) + 0).toPrecision(9)));
  return { mean, std };
}

/** The file's names of classes, if they are some. */
function classesOf(classes: unknown, { remarks }: Network, count: number): Pick<ModelSpec, "classes"> {
  if (classes === undefined) return {};
  const names = Array.isArray(classes) && classes.every((name) => typeof name === "string") ? classes : [];
  if (names.length === count && new Set(names).size === count) return { classes: names };
  remarks.add(`The file's names of classes don't fit its ${count} outputs, and were left out.`);
  return {};
}

function finished(
  network: Network,
  input: Value["shape"],
  count: number,
  source: string,
  extras: Extras,
): ImportedModel {
  const { scaling, specs, parameters, table, remarks } = network;
  const loss = network.loss ?? (extras.loss as ModelSpec["loss"]);
  const normalize =
    scaling === undefined
      ? (extras.normalize as ModelSpec["normalize"])
      : inFile(source, () => normalizationOf(scaling));
  const spec: ModelSpec = {
    input: input as unknown as ModelSpec["input"],
    layers: specs,
    ...(loss && { loss }),
    ...(normalize !== undefined && { normalize }),
    ...classesOf(extras.classes, network, count),
  };
  const model = inFile(source, () => defineModel(spec));
  inFile(source, () => checkParameters(model, parameters));
  if (extras.givenSpec)
    remarks.add("The file describes its network itself: the spec that was given wasn't looked at.");
  if (scaling !== undefined)
    remarks.add(
      `Layers at the start that scale pixels from 0 to ${scaling.white} became the normalisation of pixels.`,
    );
  else if (normalize === undefined)
    remarks.add(
      "The file doesn't say how pixels become inputs: numbers from 0 to 1 go in as they are; if it was trained on others, set normalize in the model's spec.",
    );
  return { model, parameters, table, remarks: [...remarks] };
}
