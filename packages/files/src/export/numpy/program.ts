import type { Model } from "unravel-cnn";
import { layersOf, rowOf } from "../source/layers.js";
import { isNormalized, meanAndDeviation, numbersLearnt } from "../source/model.js";
import { docstring, pythonList, pythonNumber, pythonString } from "../source/python.js";
import { type Style, styleOf } from "../source/style.js";
import { WIDTH, wrapped } from "../source/wrap.js";
import { calls, type FunctionName, functions } from "./functions.js";
import { type NumpyLayer, numpyLayers } from "./layers.js";
import { numpyLoss } from "./losses.js";
import { backwardPass, forwardPass, isModal } from "./passes.js";

/* A network as one program in Python that needs nothing but NumPy. */

/**
 * The program.
 * @param name what its file is called, without the ending
 * @param weights the name of the file with its parameters
 */
export function numpyProgram(model: Model, name: string, weights: string): string {
  const style = styleOf(model);
  const sections: readonly (readonly string[])[] = [
    head(model, name, weights),
    ["# --- how each kind of layer works: forward, and its backward below it ---"],
    ...definitionsOf(model, style),
    ["# --- the loss ---"],
    ...numpyLoss(model).lines(model),
    ["# --- the network: forward, and backward in the opposite order ---"],
    forwardPass(model, style),
    backwardPass(model, style),
    ["# --- to be used and trained ---"],
    prepare(model),
    predict(model),
    ...(hasNorms(model) ? [runningStatistics(model, style)] : []),
    step(model),
    train(model),
    trace(model),
    main(model, weights),
    ['if __name__ == "__main__":', "    main()"],
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n\n")}\n`;
}

const hasNorms = (model: Model) => model.state.length > 0;
const usesChance = (model: Model) => usedFunctions(model).has("dropout_mask");

function head(model: Model, name: string, weights: string): string[] {
  const { inputShape, classes } = model;
  const used = usedFunctions(model);
  const file = /^[\w.-]+$/.test(name) ? `${name}.py` : "model.py";
  const imports = ["argparse", ...(used.has("erfc") || used.has("gelu_tanh") ? ["math"] : [])];
  const shape = inputShape.join(", ");
  return [
    ...docstring(
      [
        "A convolutional network in NumPy: forward, backward and training, with nothing hidden.",
        "",
        `Images go in as (N, ${shape}), scores of ${classes.length} classes come out; ${numbersLearnt(model)}. images.npz below is a file with "images" (N, ${shape}), whole numbers from 0 to 255 or others from 0 to 1, and, if they are known, "labels" (N), the numbers of their classes:`,
        "",
        '    np.savez("images.npz", images=images, labels=labels)',
        "",
        `    python3 ${file} images.npz              what the network sees in them`,
        `    python3 ${file} images.npz --train 3    trains for three epochs`,
        `    python3 ${file} images.npz --trace 4    saves every number of a step with four images`,
      ],
      "",
    ),
    "",
    ...imports.map((module) => `import ${module}`),
    "from pathlib import Path",
    "",
    "import numpy as np",
    "",
    ...pythonList("CLASSES", classes),
    ...(isNormalized(model) ? meanAndDeviation(model, "np.float32") : []),
    "",
    '# the parameters by their names: "conv1.weight", ...',
    ...wrapped(`p = dict(np.load(Path(__file__).with_name(${pythonString(weights)})))`),
    ...(usesChance(model) ? ["", "rng = np.random.default_rng(0)  # what dropout draws from"] : []),
  ].map((line) => (line.startsWith("# the parameters") ? parametersComment(model) : line));
}

function parametersComment({ parameters }: Model): string {
  const [first] = parameters;
  if (first === undefined) return "# there are no parameters in this network";
  const line = `# the parameters by their names: p["${first.fullName}"] is (${first.shape.join(", ")})`;
  return line.length <= WIDTH ? line : "# the parameters by their names";
}

function usedFunctions(model: Model): Set<FunctionName> {
  const style = styleOf(model);
  const used = new Set<FunctionName>();
  const use = (name: FunctionName) => {
    if (used.has(name)) return;
    used.add(name);
    for (const called of calls[name]?.(style) ?? []) use(called);
  };
  for (const layer of model.layers)
    for (const name of rowOf<NumpyLayer>(numpyLayers, layer).functions(layer)) use(name);
  for (const name of numpyLoss(model).functions ?? []) use(name);
  return used;
}

function definitionsOf(model: Model, style: Style): string[][] {
  const used = usedFunctions(model);
  return Object.entries(functions)
    .filter(([name]) => used.has(name as FunctionName))
    .map(([, lines]) => lines(style));
}

function prepare(model: Model): string[] {
  const shape = model.inputShape.join(", ");
  return [
    "def prepare(images):",
    ...docstring([
      `Pixels, whole numbers from 0 to 255 or others from 0 to 1, as the network takes them: (N, ${shape}) in float32${isNormalized(model) ? ", less their mean, divided by their deviation" : ""}.`,
    ]),
    `    x = np.reshape(images, (-1, ${shape}))`,
    ...(isNormalized(model)
      ? [
          '    x = x.astype(np.float32) / (255 if x.dtype.kind in "iu" else 1)',
          "    return (x - MEAN) / DEVIATION",
        ]
      : ['    return x.astype(np.float32) / (255 if x.dtype.kind in "iu" else 1)']),
  ];
}

function predict(model: Model): string[] {
  return [
    "def predict(images):",
    ...docstring(["The probabilities of the classes, (N, classes), a hundred images at a time."]),
    "    parts = []",
    "    for k in range(0, len(images), 100):",
    "        a = forward(prepare(images[k : k + 100]))",
    `        scores = a[${pythonString(model.output)}]`,
    "        parts.append(probabilities(scores))",
    "    return np.concatenate(parts)",
  ];
}

function runningStatistics(model: Model, { norm }: Style): string[] {
  const norms = [...layersOf(model, "batchNorm2d"), ...layersOf(model, "batchNorm1d")];
  const rows = norms
    .sort((a, b) => a.node - b.node)
    .map(({ name, inputs, resolved }) => {
      const own = norm.momentum === undefined ? [pythonNumber(resolved.momentum)] : [];
      return `(${[pythonString(name), pythonString(inputs[0]), ...own].join(", ")})`;
    });
  const momentum = norm.momentum === undefined ? "momentum" : pythonNumber(norm.momentum);
  const axes = !norm.images ? "axis=0" : norm.rows ? "axis=axes_of(x)" : "axis=(0, 2, 3)";
  return [
    "def keep_statistics(a):",
    ...docstring([
      "After a step of training: a little of this batch's mean and variance goes into those that are used later.",
    ]),
    `    for name, source${norm.momentum === undefined ? ", momentum" : ""} in [`,
    ...rows.flatMap((row) => wrapped(`${row},`, "        ")),
    "    ]:",
    "        x = a[source]",
    "        m = x.size // x.shape[1]",
    `        mean, variance = x.mean(${axes}), x.var(${axes}) * m / (m - 1)`,
    '        for kept, batch in [("running_mean", mean), ("running_var", variance)]:',
    `            p[f"{name}.{kept}"] = (1 - ${momentum}) * p[f"{name}.{kept}"] + ${momentum} * batch`,
  ];
}

function step(model: Model): string[] {
  const training = isModal(model) ? ", training=True" : "";
  return [
    "def step(x, y, learning_rate):",
    ...docstring(["One step of gradient descent on a batch: every parameter moves a little downhill."]),
    ...(model.fewestImages > 1
      ? [
          "    if len(x) < 2:",
          '        raise ValueError("a single image has no spread to be normalised by; take two or more")',
        ]
      : []),
    `    a = forward(x${training})`,
    `    grad = backward(a, y${training})`,
    ...(model.parameters.length === 0
      ? []
      : [
          "    for name in p:",
          "        if name in grad:",
          "            p[name] = p[name] - learning_rate * grad[name]",
        ]),
    ...(hasNorms(model) ? ["    keep_statistics(a)"] : []),
    `    return loss(a[${pythonString(model.output)}], y)`,
  ];
}

function train({ fewestImages }: Model): string[] {
  const alone = fewestImages > 1;
  return [
    "def train(images, labels, epochs, learning_rate=0.1, batch_size=32, seed=0):",
    ...docstring([
      `In each epoch, every image once, in another order.${alone ? " A batch of one image, which has no spread to be normalised by, is left out." : ""}`,
    ]),
    "    random = np.random.default_rng(seed)",
    "    for epoch in range(epochs):",
    "        order, losses = random.permutation(len(images)), []",
    `        for k in range(0, len(order)${alone ? " - 1" : ""}, batch_size):`,
    "            batch = order[k : k + batch_size]",
    "            losses.append(step(prepare(images[batch]), labels[batch], learning_rate))",
    '        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")',
  ];
}

function trace(model: Model): string[] {
  const modal = isModal(model);
  const training = modal ? ", training" : "";
  const arrays = usesChance(model)
    ? ['    arrays = {name: a[name] for name in a if not name.endswith(".mask")}']
    : [];
  return [
    `def trace(x, y, learning_rate=0.1${modal ? ", training=False" : ""}):`,
    ...docstring([
      "Every number of a step and of the update after it, which isn't made, under the names that unravel has for them, for unravel check to look at.",
    ]),
    `    a = forward(x${training})`,
    `    grad = backward(a, y${training})`,
    `    scores = a[${pythonString(model.output)}]`,
    ...arrays,
    '    gradients = {f"grad.{name}": grad[name] for name in grad}',
    '    result = {"probs": probabilities(scores), "loss": loss(scores, y)}',
    '    new = {f"new.{name}": p[name] - learning_rate * grad[name] for name in p if name in grad}',
    `    known = {"y": y, "lr": learning_rate, **p, **${usesChance(model) ? "arrays" : "a"}}`,
    "    return {**known, **result, **gradients, **new}",
  ];
}

/** How unravel looks at a trace of the network, if it can. */
function checkHint({ layers, loss }: Model): string {
  if (loss.labelSmoothing > 0) return ""; // which the check doesn't know
  const isChain = layers.every(({ inputs }, node) => String(inputs) === (layers[node - 1]?.output ?? "x"));
  return ` Is it right? unravel check trace.npz${isChain ? "" : " --model MODEL"}`;
}

function main(model: Model, weights: string): string[] {
  return [
    "def main():",
    '    parser = argparse.ArgumentParser(description="A network in NumPy.")',
    '    parser.add_argument("file", help=".npz file with images, and labels if they are known")',
    '    parser.add_argument("--train", type=int, metavar="EPOCHS", help="train on all of them")',
    '    parser.add_argument("--trace", type=int, metavar="N", help="save a step with the first N")',
    "    options = parser.parse_args()",
    "    data = np.load(options.file)",
    '    images, labels = data["images"], data["labels"] if "labels" in data else None',
    "    if labels is None and (options.train or options.trace):",
    '        parser.error(f"{options.file} has no labels, which training needs")',
    "    if options.trace:",
    "        first = slice(0, options.trace)",
    '        np.savez("trace.npz", **trace(prepare(images[first]), labels[first]))',
    `        print("Saved trace.npz.${checkHint(model)}")`,
    "        return",
    "    if options.train:",
    "        train(images, labels, options.train)",
    '        np.savez("trained.npz", **p)',
    '        print("Saved the parameters in trained.npz; the program reads them under the name")',
    `        print(${pythonString(weights)})`,
    "    probs = predict(images)",
    "    winners = probs.argmax(axis=1)",
    "    for k in range(min(len(images), 20)):",
    '        print(f"image {k}: {CLASSES[winners[k]]}  {probs[k, winners[k]]:.4f}")',
    "    if labels is not None:",
    ...(model.loss.takesSeveral
      ? [
          "        right = ((probs > 0.5) == labels).all(axis=1) if labels.ndim == 2 else winners == labels",
          '        print(f"{np.mean(right):.2%} of {len(images)} are right")',
        ]
      : ['        print(f"{np.mean(winners == labels):.2%} of {len(images)} are right")']),
  ];
}
