import type { Model } from "unravel-cnn";
import { known } from "../../known.js";
import { rowOf } from "../source/layers.js";
import { docstring, pythonLines, shapeComment } from "../source/python.js";
import type { Style } from "../source/style.js";
import type { Remarked } from "../source/wrap.js";
import { array, gradient, type NumpyLayer, numpyLayers } from "./layers.js";

/* The two functions that are this network: forward and backward, a line for each layer. */

/** Whether what its layers do depends on whether they are being trained. */
export const isModal = ({ layers }: Model): boolean => layers.some(({ kind }) => kind.looksAtContext);

export function forwardPass(model: Model, style: Style): string[] {
  const statements: Remarked[] = [{ code: 'a = {"x": x}', comment: shapeComment(model.inputShape) }];
  for (const layer of model.layers) {
    const row = rowOf<NumpyLayer>(numpyLayers, layer);
    for (const [name, value] of row.before?.(layer) ?? []) {
      statements.push({ code: `${array(name)} = ${value}` });
    }
    statements.push({
      code: `${array(layer.output)} = ${row.forward(layer, style)}`,
      comment: shapeComment(layer.outputShape),
    });
  }
  return [
    `def forward(x${isModal(model) ? ", training=False" : ""}):`,
    ...docstring(["From images to scores: every layer's output, by its name."]),
    ...pythonLines(statements),
    "    return a",
  ];
}

export function backwardPass(model: Model, style: Style): string[] {
  const statements: Remarked[] = [
    {
      code: `grad = {${gradientKey(model.output)}: loss_backward(${array(model.output)}, y)}`,
      comment: shapeComment([model.classes.length]),
    },
  ];
  const shapes = new Map([["x", model.inputShape as readonly number[]]]);
  for (const { output, outputShape } of model.layers) shapes.set(output, outputShape);
  /** The tensors whose gradients have begun: what comes to them on another way is added. */
  const begun = new Set<string>();
  const put = (name: string, value: string) => {
    const sum = begun.has(name) ? `${gradient(name)} + ${value}` : value;
    begun.add(name);
    statements.push({
      code: `${gradient(name)} = ${sum}`,
      comment: shapeComment(known(shapes.get(name))),
    });
  };
  for (const layer of [...model.layers].reverse()) {
    const back = rowOf<NumpyLayer>(numpyLayers, layer).backward(layer, style);
    if ("each" in back) {
      for (const [k, name] of layer.inputs.entries()) put(name, back.each[k]);
      continue;
    }
    // a tuple gives its gradients at once; those that are added to others, or to each other, wait under names of their own
    const isFirst = layer.inputs.map((name, k) => !begun.has(name) && layer.inputs.indexOf(name) === k);
    const ways = layer.inputs.map((name, k) =>
      isFirst[k] ? gradient(name) : layer.inputs.length === 1 ? "way" : `way${k + 1}`,
    );
    const own = layer.parameters.map(({ fullName }) => gradient(fullName));
    const targets = [...ways, ...own, ...Array<string>(back.more ?? 0).fill("_")];
    const first = isFirst.findIndex((is) => is);
    statements.push({
      code: `${targets.join(", ")} = ${back.together}`,
      ...(first >= 0 && { comment: shapeComment(known(shapes.get(layer.inputs[first]))) }),
    });
    for (const [k, name] of layer.inputs.entries()) {
      if (isFirst[k]) begun.add(name);
      else put(name, ways[k]);
    }
  }
  const several = [...model.uses].some(([, uses]) => uses.length > 1);
  return [
    `def backward(a, y${isModal(model) ? ", training=False" : ""}):`,
    ...docstring([
      "From the loss back to the images: the gradient of the loss with respect to every array and every parameter. Each layer gets the gradient of its output from the layers behind it, and makes of it those of its input and its parameters.",
      ...(several ? ["What went several ways collects what comes back on each of them: it adds up."] : []),
    ]),
    ...pythonLines(statements),
    "    return grad",
  ];
}

const gradientKey = (name: string) => gradient(name).slice("grad[".length, -1);
