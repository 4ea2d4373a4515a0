import { layerOfCurve, PLACES } from "../curves.js";
import { activate, activationRows, kept } from "./activations.js";
import type { Row } from "./given.js";
import { told } from "./json.js";
import { channelsLastOrder, inOrder, transposed, type Value } from "./network.js";
import { scalingRows } from "./scaling.js";
import { windowRows } from "./windows.js";

/* Keras's layers by the names of their classes: what becomes of each. A layer that isn't here is refused. */

const dense: Row = {
  read(given, input) {
    const [count, units, bias] = [given.row(input), given.count("units"), given.flag("use_bias", true)];
    const layer = given.network.add({ type: "dense", units, bias }, input);
    const [kernel, offsets] = given.weights(
      { names: ["kernel"], shape: [count, units] },
      ...(bias ? [{ names: ["bias"], shape: [units] }] : []),
    );
    const turned = transposed(kernel.values, [1, 0]);
    const { order } = input;
    const data = order
      ? turned.data.map((_, k) => turned.data[k - (k % count) + order[k % count]])
      : turned.data;
    const how = order
      ? "turned to [out, in], with the inputs in our order of channel, row, column"
      : "turned to [out, in]";
    given.network.put(layer, "weight", { shape: turned.shape, data }, kernel.from, how);
    if (bias) given.network.put(layer, "bias", offsets.values, offsets.from, "as it is");
    return activate(given, layer);
  },
};

const batchNormalization: Row = {
  read(given, input) {
    const [count] = input.shape;
    given.channelAxis("axis", input.shape.length);
    given.only("renorm", false);
    const momentum = Number((1 - given.number("momentum", 0.99)).toPrecision(12));
    const type = input.shape.length === 3 ? "batchNorm2d" : "batchNorm1d";
    const layer = given.network.add({ type, eps: given.number("epsilon", 1e-3), momentum }, input);
    const parts = [
      { here: "weight", there: "gamma", absent: !given.flag("scale", true) && 1 },
      { here: "bias", there: "beta", absent: !given.flag("center", true) && 0 },
      { here: "running_mean", there: "moving_mean", absent: false as const },
      { here: "running_var", there: "moving_variance", absent: false as const },
    ];
    const wanted = parts.filter(({ absent }) => absent === false);
    const found = given.weights(...wanted.map(({ there }) => ({ names: [there], shape: [count] })));
    for (const { here, there, absent } of parts) {
      const one = found[wanted.findIndex((part) => part.there === there)];
      if (absent === false) {
        given.network.put(
          layer,
          here,
          inOrder(one.values, input.order),
          one.from,
          input.order ? "in our order" : "as it is",
        );
      } else {
        const data = new Float32Array(count).fill(absent);
        given.network.put(layer, here, { shape: [count], data }, "none", `${absent}, as it has no ${there}`);
      }
    }
    return { ...kept(input), ...layer };
  },
};

const flatten: Row = {
  takes: ["turned"],
  read(given, input) {
    if (input.shape.length === 1) return input;
    const first = given.option("data_format") === "channels_first";
    if (first && !given.channelsFirst)
      return given.fail("its data_format is channels_first, but the images have their channels last");
    // with the channels first, it turns images before it flattens them, unless its data_format hides that they are
    const order =
      input.turned || (given.channelsFirst && !first)
        ? undefined
        : channelsLastOrder(given.network, input.shape);
    const { turned: _turned, ...image } = input;
    return {
      ...given.network.add({ type: "flatten" }, image),
      ...(order && { order }),
      nonNegative: input.nonNegative === true,
    };
  },
};

/** Only what adds or removes dimensions of size 1, or makes a row. */
const reshape: Row = {
  takes: ["turned"],
  read(given, input) {
    const target = given.option("target_shape");
    if (!Array.isArray(target)) return given.fail(`its target_shape is ${told(target)}`);
    const count = input.shape.reduce((product, size) => product * size, 1);
    const known = target.reduce(
      (product: number, size) => (size === -1 ? product : product * Number(size)),
      1,
    );
    const sizes = target.map((size) => (size === -1 ? count / known : size));
    const there =
      input.shape.length === 3 && !given.channelsFirst
        ? [input.shape[1], input.shape[2], input.shape[0]]
        : input.shape;
    const withoutOnes = (shape: readonly unknown[]) => String(shape.filter((size) => size !== 1));
    if (sizes.length === 1 && sizes[0] === count) {
      if (input.turned || !given.channelsFirst) return flatten.read(given.with({}), input);
      return given.network.add({ type: "flatten" }, input); // as the numbers lie
    }
    const same = withoutOnes(sizes) === withoutOnes(there) && !input.turned;
    // with one channel, or one pixel, it is the same image wherever the ones stand
    const plain = String(sizes) === String(there) || input.shape[0] === 1;
    if (same && plain && input.shape.length === 3 && sizes.length <= 3) return input;
    return given.fail(
      `it makes ${told(sizes)} of ${told(there)}; only a dimension of size 1 can be added, or all written in one row`,
    );
  },
};

/** [height, width, channels] to [channels, height, width], before a flatten layer. */
const permute: Row = {
  read(given, input) {
    given.image(input);
    if (given.channelsFirst || String(given.option("dims")) !== "3,1,2")
      return given.fail(
        `its dims are ${told(given.option("dims"))}; only [3, 1, 2] can be taken, before a Flatten layer`,
      );
    return { ...input, turned: true };
  },
};

const globalAveragePooling2d: Row = {
  read(given, input) {
    given.image(input);
    return {
      ...given.network.add({ type: "globalAveragePool2d" }, input),
      nonNegative: input.nonNegative === true,
    };
  },
};

const globalMaxPooling2d: Row = {
  read(given, input) {
    const [, height, width] = given.image(input);
    const pooled = given.network.add({ type: "maxPool2d", size: [height, width] }, input);
    return { ...given.network.add({ type: "flatten" }, pooled), nonNegative: input.nonNegative === true };
  },
};

const add: Row = {
  several: true,
  takes: ["pad", "frame"],
  read(given, ...inputs) {
    const inFrame = framed(inputs);
    if (inFrame) return inFrame;
    if (inputs.some(({ pad, frame }) => frame || pad?.some((side) => side > 0)))
      return given.fail(
        "zeros were put around its inputs, which can only be taken before a convolution or a pool",
      );
    const [{ order }] = inputs;
    if (inputs.some((input) => !sameOrder(input.order, order)))
      return given.fail(
        "it adds rows that were images and rows that weren't, number by number in different orders",
      );
    const nonNegative = inputs.every((input) => input.nonNegative === true);
    return { ...kept(inputs[0]), ...given.network.add({ type: "add", from: [] }, ...inputs), nonNegative };
  },
};

/** Whether two rows have their numbers in the same places. */
function sameOrder(a: Uint32Array | undefined, b: Uint32Array | undefined): boolean {
  return a === b || (a?.length === b?.length && a?.every((place, k) => place === b?.[k]) === true);
}

/** The input with other numbers than zeros around it, if a frame around nothing is added to it. */
function framed(inputs: readonly Value[]): Value | undefined {
  const frame = inputs.find((input) => input.frame?.inside === 0);
  const inner = inputs.find((input) => input.frame === undefined);
  const fits = inputs.length === 2 && frame && inner?.around === undefined;
  if (!fits || !inner?.pad || String(inner.pad) !== String(frame.pad)) return undefined;
  return { ...inner, around: frame.frame?.around };
}

/** A product of what was made of the same numbers may be the end of a function that is a layer, or a step in it. */
const multiply: Row = {
  several: true,
  takes: ["curve"],
  read(given, first, ...others) {
    if (others.some(({ name }) => name !== first.name))
      return given.fail(
        "it can't be taken: this library adds and concatenates, but doesn't multiply tensors; train the network without it",
      );
    const curve = Float64Array.from(PLACES, (place, k) =>
      [first, ...others].reduce((product, { curve }) => product * (curve ? curve[k] : place), 1),
    );
    const spec = layerOfCurve(curve);
    const { curve: _curve, ...base } = first;
    return spec
      ? { ...kept(base), ...given.network.add(spec, base) }
      : { ...base, nonNegative: false, curve };
  },
};

const concatenate: Row = {
  several: true,
  read(given, ...inputs) {
    given.channelAxis("axis", inputs[0].shape.length);
    const value: Value = given.network.add({ type: "concat", from: [] }, ...inputs);
    const nonNegative = inputs.every((input) => input.nonNegative === true);
    if (inputs.every(({ order }) => order === undefined)) return { ...value, nonNegative };
    const order = given.network.newOrder(value.shape[0]);
    let begin = 0;
    for (const input of inputs) {
      for (let k = 0; k < input.shape[0]; k++) order[begin + k] = begin + (input.order?.[k] ?? k);
      begin += input.shape[0];
    }
    return { ...value, order, nonNegative };
  },
};

const dropout: Row = {
  read: (given, input) => ({
    ...kept(input),
    ...given.network.add({ type: "dropout", rate: given.number("rate", 0.5) }, input),
    nonNegative: input.nonNegative === true,
  }),
};

const spatialDropout: Row = {
  read(given, input) {
    given.remark(
      `The layer ${told(given.layer.name)} drops whole maps in training; here it became a dropout of single numbers. Predictions are the same.`,
    );
    return dropout.read(given, input);
  },
};

/** What does nothing once the network is trained. */
const idle: Row = {
  takes: ["pad", "turned"],
  read(given, input) {
    given.remark(
      `The layer ${told(given.layer.name)} (${given.layer.className}) does something in training only, and was left out.`,
    );
    return input;
  },
};

/** Noise and changes by chance. Keras's RandomHue and RandomGrayscale change images in predictions, too, and RandomCrop cuts them. */
const IDLE = [
  ...["GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"],
  ...["RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomErasing"],
  ...["RandomContrast", "RandomBrightness", "RandomSaturation", "RandomColorJitter"],
  ...["RandomPosterization", "RandomSharpness", "RandomInvert"],
];

export const rows: Readonly<Record<string, Row>> = {
  ...windowRows,
  ...activationRows,
  ...scalingRows,
  Dense: dense,
  BatchNormalization: batchNormalization,
  BatchNormalizationV1: batchNormalization,
  SyncBatchNormalization: batchNormalization,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  GlobalAveragePooling2D: globalAveragePooling2d,
  GlobalMaxPooling2D: globalMaxPooling2d,
  Add: add,
  Multiply: multiply,
  Concatenate: concatenate,
  Dropout: dropout,
  SpatialDropout2D: spatialDropout,
  Identity: { takes: ["pad", "turned"], read: (_given, input) => input },
  ...Object.fromEntries(IDLE.map((name) => [name, idle])),
};
