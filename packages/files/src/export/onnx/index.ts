import { InputError, type Model, type SavedModel, tensorsOfModel } from "unravel-cnn";
import { known } from "../../known.js";
import { CLASSES_KEY, ELEMENT, PRODUCER, SPEC_KEY } from "../../onnx/schema.js";
import type { ExportFormat, ExportSettings } from "../format.js";
import { GraphDraft } from "./draft.js";
import { writerOf } from "./layers.js";
import { encodeMessage } from "./wire.js";

/** The operators' version, which all programs of the last years read, and the file format that belongs to it. */
const OPSET = 17;
const IR_VERSION = 8;

/** What makes probabilities of the scores, by the loss; a loss that isn't here takes scores as they are. */
const probabilityOperators: Readonly<Record<string, string>> = {
  softmaxCrossEntropy: "Softmax",
  binaryCrossEntropy: "Sigmoid",
};

export const onnxExport: ExportFormat = {
  what: "ONNX, for onnxruntime and others: a graph of opset 17 that takes batches of any size, x to scores (or probs)",
  ending: ".onnx",
  options: ["softmax", "pixels"],
  // the fields ir_version and producer_name
  isOurs: (head) => head.startsWith(`\b${String.fromCharCode(IR_VERSION)}\x12\x07${PRODUCER}`),
  write: (saved, settings) => [{ name: `${settings.name}.onnx`, bytes: formatOnnx(saved, settings) }],
};

/**
 * A network as an ONNX file. It takes `x`, [batch, channels, height, width] in float32, normalised as the network's input is; with
 * `pixels` in bytes, which it normalises itself. It gives `scores`, or with `softmax` `probs`, [batch, classes].
 * @throws InputError with `softmax` if the network's loss makes no probabilities of its scores
 */
function formatOnnx({ model, parameters }: SavedModel, { softmax, pixels }: ExportSettings): Uint8Array {
  const graph = new GraphDraft();
  const end = softmax ? "probs" : "scores";
  const nameOf = tensorNames(model, pixels ? "x.normalized" : "x");
  if (pixels) writePixels(graph, model.normalize);
  for (const layer of model.layers) {
    writerOf(layer)?.({ graph, layer, inputs: layer.inputs.map(nameOf), output: nameOf(layer.output) });
  }
  for (const { fullName } of tensorsOfModel(model)) graph.tensor(fullName, parameters[fullName]);
  if (softmax) {
    const operator = probabilityOperators[model.loss.type];
    if (operator === undefined) {
      throw new InputError(
        `The network's loss, ${model.loss.type}, takes scores as they are, so there are no probabilities to end in; leave softmax out.`,
      );
    }
    graph.node(end, operator, ["scores"], end, operator === "Softmax" ? { axis: { int: 1 } } : {});
  }
  const value = (name: string, elementType: number, shape: readonly number[]) => ({
    name,
    type: {
      tensor: {
        elementType,
        shape: { dims: [{ parameter: "batch" }, ...shape.map((size) => ({ value: size }))] },
      },
    },
  });
  const spec = { ...model.spec, classes: model.classes, normalize: model.normalize };
  const metadata = {
    [SPEC_KEY]: spec,
    [CLASSES_KEY]: model.classes,
    normalize: model.normalize,
    ...(model.pictures && { pictures: model.pictures }),
  };
  return encodeMessage("model", {
    irVersion: IR_VERSION,
    producerName: PRODUCER,
    opsets: [{ domain: "", version: OPSET }],
    graph: {
      name: "network",
      nodes: graph.nodes,
      initializers: graph.initializers,
      inputs: [value("x", pixels ? ELEMENT.uint8 : ELEMENT.float, model.inputShape)],
      outputs: [value(end, ELEMENT.float, [model.classes.length])],
    },
    metadata: Object.entries(metadata).map(([key, entry]) => ({ key, value: JSON.stringify(entry) })),
  });
}

/** Bytes from 0 to 255 become (byte - 255 mean) / (255 std). */
function writePixels(graph: GraphDraft, { mean, std }: SavedModel["model"]["normalize"]): void {
  let pixels = graph.node("pixels", "Cast", ["x"], "x.float", { to: { int: ELEMENT.float } });
  if (mean.some((value) => value !== 0)) {
    const shift = graph.perChannel(
      "mean",
      mean.map((value) => 255 * value),
    );
    pixels = graph.node("center", "Sub", [pixels, shift], "x.centered");
  }
  const scale = graph.perChannel(
    "std",
    std.map((value) => 255 * value),
  );
  graph.node("normalize", "Div", [pixels, scale], "x.normalized");
}

/** What the graph calls a tensor: what a layer without nodes gives is what it gets, and what the last one gives `scores`. */
function tensorNames({ layers, output }: Model, x: string): (tensor: string) => string {
  const names = new Map([["x", x]]);
  for (const layer of layers) {
    const name = writerOf(layer) ? layer.output : names.get(layer.inputs[0]);
    names.set(layer.output, known(name));
  }
  const last = names.get(output);
  return (tensor) => {
    const name = known(names.get(tensor));
    return name === last ? "scores" : name;
  };
}
