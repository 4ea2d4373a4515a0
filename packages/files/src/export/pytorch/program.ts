import { InputError, type Model } from "unravel-cnn";
import { known } from "../../known.js";
import { layerName, rowOf } from "../source/layers.js";
import { isNormalized, meanAndDeviation, numbersLearnt } from "../source/model.js";
import {
  docstring,
  pythonLines,
  pythonList,
  pythonNumber,
  pythonString,
  shapeComment,
} from "../source/python.js";
import type { Remarked } from "../source/wrap.js";
import { type TorchLayer, torchLayers } from "./layers.js";
import { torchNames } from "./names.js";

/* A network as a module for PyTorch, which reads its parameters from a safetensors file beside it. */

/**
 * The program.
 * @param name what its file is called, without the ending
 * @param weights the name of the file with its parameters
 */
export function torchProgram(model: Model, name: string, weights: string): string {
  const names = torchNames(model);
  const sections: readonly (readonly string[])[] = [
    head(model, name),
    network(model, names),
    lossOf(model),
    readTensors(),
    load(model, names, weights),
    predict(model),
    ['if __name__ == "__main__":', ...main()],
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n\n")}\n`;
}

function head(model: Model, name: string): string[] {
  const isModule = /^[A-Za-z_]\w*$/.test(name);
  const file = isModule ? name : "model";
  const shape = model.inputShape.join(", ");
  return [
    ...docstring(
      [
        `A convolutional network for PyTorch 1.13 or newer. Images go in as (N, ${shape}), scores of ${model.classes.length} classes come out; ${numbersLearnt(model)}.`,
        "",
        `    from ${file} import load, loss, predict${isModule ? "" : "   # once this file is called model.py"}`,
        "",
        "    network = load()                 # as it was trained",
        "    predict(network, pixels)         # the classes' probabilities, of one image or of several",
        "    loss(network(x), y).backward()   # to go on training; x as prepare(pixels) makes it",
      ],
      "",
    ),
    "",
    "import json",
    "import sys",
    "from pathlib import Path",
    "",
    "import torch",
    "import torch.nn.functional as F",
    "from torch import nn",
    "",
    ...pythonList("CLASSES", model.classes),
    ...(isNormalized(model) ? meanAndDeviation(model, "torch.tensor") : []),
  ];
}

function network(model: Model, names: ReadonlyMap<string, string>): string[] {
  const nameOf = (tensor: string) => known(names.get(layerName(tensor)));
  const modules = model.layers.flatMap((layer): Remarked[] => {
    const module = rowOf<TorchLayer>(torchLayers, layer).module?.(layer);
    return module === undefined ? [] : [{ code: `self.${names.get(layer.name)} = ${module}` }];
  });
  // what the next layer alone takes is called x; what goes on elsewhere, or later, has its layer's name
  const isShort = model.layers.map(({ output }, node) => {
    const uses = model.uses.get(output) ?? [];
    return uses.every(({ layer }) => layer.node === node + 1);
  });
  const keepsX = (model.uses.get("x") ?? []).some(({ layer }) => layer.node > 0);
  const value = (tensor: string) => {
    const producer = model.producers.get(tensor);
    if (producer === undefined) return keepsX ? "images" : "x";
    return isShort[producer.node] ? "x" : nameOf(tensor);
  };
  const statements = model.layers.map((layer): Remarked => {
    const code = rowOf<TorchLayer>(torchLayers, layer).forward(
      layer,
      layer.inputs.map(value),
      `self.${names.get(layer.name)}`,
    );
    return {
      code: `${value(layer.output)} = ${code}`,
      comment: `${layer.name} ${shapeComment(layer.outputShape)}`,
    };
  });
  return [
    "class Network(nn.Module):",
    "    def __init__(self):",
    "        super().__init__()",
    ...pythonLines(modules, "        "),
    "",
    `    def forward(self, ${keepsX ? "images" : "x"}):`,
    ...docstring([`Scores, not probabilities: (N, ${model.classes.length}).`], "        "),
    ...pythonLines(statements, "        "),
    `        return ${value(model.output)}`,
  ];
}

interface TorchLoss {
  readonly says: string;
  readonly loss: (model: Model) => readonly string[];
  readonly probabilities: string;
}

const losses: Readonly<Record<string, TorchLoss>> = {
  softmaxCrossEntropy: {
    says: "Softmax and cross-entropy; y are the numbers of the right classes.",
    loss: ({ loss: { labelSmoothing } }) => [
      labelSmoothing === 0
        ? "return F.cross_entropy(scores, y)"
        : `return F.cross_entropy(scores, y, label_smoothing=${pythonNumber(labelSmoothing)})`,
    ],
    probabilities: "scores.softmax(dim=1)",
  },
  meanSquaredError: {
    says: "The mean squared error: 1 is asked of the right class, 0 of the others.",
    loss: () => ["return F.mse_loss(scores, F.one_hot(y, len(CLASSES)).to(scores))"],
    probabilities: "scores",
  },
  binaryCrossEntropy: {
    says: "The binary cross-entropy of each class by itself. y are the numbers of the right classes, or 1 for each class that an image shows: (N, classes).",
    loss: () => [
      "targets = y if y.ndim == 2 else F.one_hot(y, len(CLASSES))",
      "return F.binary_cross_entropy_with_logits(scores, targets.to(scores))",
    ],
    probabilities: "scores.sigmoid()",
  },
};

/** @throws InputError for a loss that isn't known here */
function torchLoss({ loss }: Model): TorchLoss {
  if (Object.hasOwn(losses, loss.type)) return losses[loss.type];
  throw new InputError(`A program for PyTorch can't have the loss ${JSON.stringify(loss.type)} yet.`);
}

function lossOf(model: Model): string[] {
  const { says, loss } = torchLoss(model);
  return ["def loss(scores, y):", ...docstring([says]), ...loss(model).map((line) => `    ${line}`)];
}

function readTensors(): string[] {
  return [
    "def read_tensors(path):",
    ...docstring([
      "The tensors of a safetensors file: 8 bytes say how long its header is, which is JSON and says where in the rest each tensor lies.",
    ]),
    "    data = Path(path).read_bytes()",
    '    start = 8 + int.from_bytes(data[:8], "little")',
    "    header = json.loads(data[8:start])",
    '    header.pop("__metadata__", None)',
    "    tensors = {}",
    "    for name, entry in header.items():",
    '        begin, end = entry["data_offsets"]',
    "        numbers = bytearray(data[start + begin : start + end])",
    '        tensors[name] = torch.frombuffer(numbers, dtype=torch.float32).reshape(entry["shape"])',
    "    return tensors",
  ];
}

function load(model: Model, names: ReadonlyMap<string, string>, weights: string): string[] {
  const renamed = model.layers
    .filter(({ name, parameters }) => names.get(name) !== name && parameters.length > 0)
    .map(({ name }) => `${pythonString(name)}: ${pythonString(names.get(name) as string)}`);
  const hasTensors = model.parameters.length > 0;
  return [
    "def load(path=None):",
    ...docstring(["The network with the parameters of a file; default: of the one beside this program."]),
    "    network = Network()",
    ...(hasTensors
      ? [
          `    tensors = read_tensors(path or Path(__file__).with_name(${pythonString(weights)}))`,
          ...(renamed.length > 0
            ? [
                "    # PyTorch has other things of these names",
                ...pythonLines([{ code: `renamed = {${renamed.join(", ")}}` }]),
                "    for name in list(tensors):",
                '        layer, parameter = name.split(".")',
                '        tensors[f"{renamed.get(layer, layer)}.{parameter}"] = tensors.pop(name)',
              ]
            : []),
          "    network.load_state_dict(tensors)",
        ]
      : []),
    "    return network.eval()",
  ];
}

function predict(model: Model): string[] {
  const shape = model.inputShape.join(", ");
  return [
    "def prepare(pixels):",
    ...docstring([
      `Pixels, whole numbers from 0 to 255 or others from 0 to 1, as the network takes them: (N, ${shape}) in float32${isNormalized(model) ? ", less their mean, divided by their deviation" : ""}.`,
    ]),
    "    pixels = torch.as_tensor(pixels)",
    `    pixels = pixels.reshape(-1, ${shape}).float() / (1 if pixels.is_floating_point() else 255)`,
    `    return ${isNormalized(model) ? "(pixels - MEAN) / DEVIATION" : "pixels"}`,
    "",
    "",
    "@torch.no_grad()",
    "def predict(network, pixels):",
    ...docstring(["The probabilities of the classes, (N, classes)."]),
    "    network.eval()",
    "    scores = network(prepare(pixels))",
    `    return ${torchLoss(model).probabilities}`,
  ];
}

function main(): string[] {
  return [
    "    if len(sys.argv) != 2:",
    '        sys.exit("Give a .npz file with an array images; they will be classified.")',
    "    import numpy as np",
    "",
    '    for k, probs in enumerate(predict(load(), np.load(sys.argv[1])["images"][:20])):',
    "        winner = int(probs.argmax())",
    '        print(f"image {k}: {CLASSES[winner]}  {probs[winner]:.4f}")',
  ];
}
