import { counted, formatShape, type Model, type ModelLayer, sizeOf, type Trace } from "unravel-cnn";
import { layerNameOf } from "../view/grids.js";
import { skipsOf } from "../view/skips.js";

/** What is said about a part of the network. */
export interface WordsAndFacts {
  /** What such layers are called. */
  readonly kind: string;
  /** Where its inputs come from, if that isn't just the layer before it. */
  readonly from?: string;
  /** One plain sentence on what it does in each direction. */
  readonly forward: string;
  readonly backward: string;
  /** Its size and its work, in a few words. */
  readonly facts: string;
}

export function inputWords({ inputShape, normalize }: Model): WordsAndFacts {
  const isPlain = normalize.mean.every((mean) => mean === 0) && normalize.std.every((std) => std === 1);
  return {
    kind: "input",
    forward: `The picture as the network sees it: ${inputShape[1]}×${inputShape[2]} numbers, ${isPlain ? "from 0 (paper) to 1 (ink)" : "less the mean of the training pictures and divided by their spread"}. They are called pixels.`,
    backward: "How the loss would change if one pixel grew a little: where the network looks.",
    facts: formatShape(inputShape),
  };
}

/**
 * What layers that do something else in training do with the images that are shown, in a sentence; empty where there are no
 * such layers.
 */
export function modeWords(model: Model, { circumstances }: Trace): string {
  const isThere = (type: string) => model.layers.some(({ spec }) => spec.type.startsWith(type));
  const training = circumstances?.mode !== "evaluation";
  const parts = [
    isThere("batchNorm") &&
      (training
        ? "batch normalisation goes by the mean and the spread of this batch"
        : "batch normalisation goes by its running mean and variance"),
    isThere("dropout") &&
      (training ? "dropout drops what chance says, which is 0 then" : "dropout lets everything pass"),
  ].filter((part) => part !== false);
  if (parts.length === 0) return "";
  return `${training ? "As a step of training sees them" : "As it is predicted, not trained on"}: ${parts.join(", and ")}.`;
}

export function endWords({ loss }: Model): WordsAndFacts {
  const { kind, forward, backward } = loss.words;
  return { kind, forward, backward, facts: "" };
}

export function layerWords(model: Model, layer: ModelLayer): WordsAndFacts {
  const from = `from ${layer.inputs.map(layerNameOf).join(" and ")}`;
  const hasSkip = skipsOf(model).some(({ to }) => to === layer.name);
  return { ...layer.kind.words(layer.resolved), ...(hasSkip && { from }), facts: factsOf(layer) };
}

function factsOf({ outputShape, multiplyAdds, parameters }: ModelLayer): string {
  const learnt = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return [
    formatShape(outputShape),
    ...(learnt > 0 ? [counted(learnt, "parameter")] : []),
    ...(multiplyAdds.forward > 0 ? [counted(multiplyAdds.forward, "multiply-add")] : []),
  ].join(" · ");
}
