import { type losses, type Model, type SavedModel, tensor } from "unravel-cnn";
import { known } from "../../known.js";
import type { ExportFormat, ExportSettings } from "../format.js";
import { rowOf } from "../source/layers.js";
import { type Exporter, exporters } from "./layers.js";
import { type Flow, RowsInOtherOrder, Topology } from "./topology.js";
import { formatWeights } from "./weights.js";

/*
 * A layers model of TensorFlow.js (https://www.tensorflow.org/js/guide/save_load): model.json with Keras's description of the
 * network and a list of weights, and a file with these. Images lie [height, width, channels] there, so that kernels are turned,
 * and rows of numbers that were images come in another order, which the weights of the dense layer behind them follow.
 */

const GENERATOR = "unravel";

export const tfjs: ExportFormat = {
  what: "a layers model for TensorFlow.js, model.json and its weights beside it",
  ending: ".json",
  options: ["weights", "softmax", "pixels"],
  isOurs: (head) => head.startsWith(`{"format":"layers-model","generatedBy":"${GENERATOR}"`),

  write(saved, settings) {
    const { topology, output, pixels } = topologyOf(saved, settings);
    const { bytes, entries } = formatWeights(topology.weights, settings.weights);
    const weightsFile = `${settings.name}.weights.bin`;
    const { model } = saved;
    const file = {
      format: "layers-model",
      generatedBy: GENERATOR,
      convertedBy: null,
      modelTopology: {
        class_name: "Functional",
        config: {
          name: "unravel",
          trainable: true,
          layers: topology.layers,
          input_layers: [["x", 0, 0]],
          output_layers: [[output, 0, 0]],
        },
        keras_version: "2.15.0",
        backend: "tensorflow",
      },
      weightsManifest: [{ paths: [weightsFile], weights: entries }],
      userDefinedMetadata: {
        classes: model.classes,
        loss: model.spec.loss,
        normalize: model.normalize,
        pixels,
      },
    };
    return [
      { name: `${settings.name}.json`, bytes: new TextEncoder().encode(JSON.stringify(file)) },
      { name: weightsFile, bytes },
    ];
  },
};

interface Built {
  readonly topology: Topology;
  /** The name of the layer that gives the output. */
  readonly output: string;
  /** That of the layer that makes inputs of bytes; null: there is none. */
  readonly pixels: string | null;
}

/** Rows keep the order that flattening gives them there, and where that isn't possible, images are turned before. */
function topologyOf(saved: SavedModel, settings: ExportSettings): Built {
  try {
    return build(saved, settings, false);
  } catch (error) {
    if (error instanceof RowsInOtherOrder) return build(saved, settings, true);
    throw error;
  }
}

/** What makes probabilities of the scores, by the loss; undefined: they are taken as they are. */
const probabilities: { readonly [Type in keyof typeof losses]: string | undefined } = {
  softmaxCrossEntropy: "softmax",
  binaryCrossEntropy: "sigmoid",
  meanSquaredError: undefined,
};

function build({ model, parameters }: SavedModel, settings: ExportSettings, turns: boolean): Built {
  const topology = new Topology(model, turns);
  const [C, H, W] = model.inputShape;
  topology.add(
    "InputLayer",
    "x",
    { batch_input_shape: [null, H, W, C], dtype: "float32", sparse: false },
    [],
  );
  const pixels = settings.pixels ? addPixels(topology, model) : null;
  const input: Flow = {
    name: pixels ?? "x",
    shape: model.inputShape,
    nonNegative: false,
  };
  const flows = new Map([["x", input]]);
  for (const layer of model.layers) {
    const inputs = layer.inputs.map((name) => known(flows.get(name)));
    const parameter = (name: string) => parameters[`${layer.name}.${name}`];
    flows.set(layer.output, rowOf<Exporter>(exporters, layer)({ topology, layer, inputs, parameter }));
  }
  const { name, order } = known(flows.get(model.output));
  if (order !== undefined) throw new RowsInOtherOrder(); // they are the classes
  const last = probabilities[model.loss.type];
  if (!settings.softmax || last === undefined) return { topology, output: name, pixels };
  const output = topology.name("probabilities");
  topology.add("Activation", output, { activation: last }, [name]);
  return { topology, output, pixels };
}

/** A layer that makes inputs of bytes: (byte / 255 - mean) / std of each channel. Returns its name. */
function addPixels(topology: Topology, { normalize: { mean, std } }: Model): string {
  const name = topology.name("pixels");
  const scale = std.map((size) => 1 / (255 * size));
  const offset = mean.map((center, c) => -center / std[c]);
  const alike = (values: readonly number[]) => values.every((value) => value === values[0]);
  if (alike(scale) && alike(offset)) {
    topology.add("Rescaling", name, { scale: scale[0], offset: offset[0] + 0 }, ["x"]);
    return name;
  }
  const config = {
    kernel_size: [1, 1],
    strides: [1, 1],
    padding: "valid",
    data_format: "channels_last",
    depth_multiplier: 1,
    activation: "linear",
    use_bias: true,
  };
  topology.add("DepthwiseConv2D", name, config, ["x"], {
    depthwise_kernel: tensor([1, 1, scale.length, 1], scale),
    bias: tensor([offset.length], offset),
  });
  return name;
}
