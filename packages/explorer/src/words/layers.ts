import type { Model, ModelLayer } from "unravel-cnn";
import { formatShape } from "unravel-cnn";
import { whole } from "../view/numbers.js";

/** What is said about a part of the network. */
export interface LayerWords {
  /** What such layers are called. */
  readonly kind: string;
  /** One plain sentence on what it does in each direction. */
  readonly forward: string;
  readonly backward: string;
  /** Its size and its work, in a few words. */
  readonly facts: string;
}

const counted = (count: number, thing: string) => `${whole(count)} ${thing}${count === 1 ? "" : "s"}`;

export function inputWords({ inputShape, normalize }: Model): LayerWords {
  const isPlain = normalize.mean.every((mean) => mean === 0) && normalize.std.every((std) => std === 1);
  return {
    kind: "input",
    forward: `The picture as the network sees it: ${inputShape[1]}×${inputShape[2]} numbers, ${isPlain ? "from 0 (paper) to 1 (ink)" : "less the mean of the training pictures and divided by their spread"}. They are called pixels.`,
    backward: "How the loss would change if one pixel grew a little: where the network looks.",
    facts: formatShape(inputShape),
  };
}

export function endWords({ classes }: Model): LayerWords {
  return {
    kind: "softmax and loss",
    forward: `Softmax turns the ${classes.length} scores into probabilities: all positive, 1 together. The loss says how wrong they are: minus the logarithm of the probability of the right answer, 0 if the network was certain and right.`,
    backward:
      "Backward begins here. Softmax and loss together send back to each score what its class had too much: its probability p, less y, which is 1 for the right answer and 0 for the others.",
    facts: "",
  };
}

export function layerWords(layer: ModelLayer): LayerWords {
  return { ...sentences(layer), facts: factsOf(layer) };
}

function factsOf({ outputShape, multiplyAdds, parameters }: ModelLayer): string {
  const learnt = parameters.reduce((sum, { shape }) => sum + shape.reduce((size, n) => size * n, 1), 0);
  return [
    formatShape(outputShape),
    ...(learnt > 0 ? [`${counted(learnt, "parameter")}`] : []),
    ...(multiplyAdds.forward > 0 ? [`${counted(multiplyAdds.forward, "multiply-add")}`] : []),
  ].join(" · ");
}

function sentences({ spec, inputShape, outputShape }: ModelLayer): Omit<LayerWords, "facts"> {
  switch (spec.type) {
    case "conv2d": {
      const [height, width] = typeof spec.kernel === "number" ? [spec.kernel, spec.kernel] : spec.kernel;
      const depth = inputShape[0] > 1 ? ` in each of the ${inputShape[0]} channels` : "";
      return {
        kind: "convolution",
        forward: `${outputShape[0] === 1 ? "One filter slides its kernel" : `${outputShape[0]} filters each slide their kernel`}, a square of ${height}×${width} weights${depth}, over the picture. At each place the numbers below are multiplied by the weights on them and added up, with the filter's bias (a number of its own): a feature map.`,
        backward:
          "A weight was used at every place, so its gradient is the sum over all places: the pixel that it met, times the gradient of the output there. To the pixels, gradients go back through the same weights; from where a pixel stands, the kernel lies there flipped.",
      };
    }
    case "relu":
      return {
        kind: "ReLU",
        forward: "What is above 0 passes, everything else becomes 0.",
        backward: "The gradient passes where the gate was open, and stops where the ReLU gave 0.",
      };
    case "maxPool2d":
      return {
        kind: "max-pooling",
        forward: `Of each window of ${windowOf(spec.size)} only the largest number, the winner, goes on. The picture becomes smaller.`,
        backward:
          "Only the winner moved the output, so the whole gradient goes back to it, and none to the others.",
      };
    case "flatten":
      return {
        kind: "flatten",
        forward: `All ${whole(outputShape[0])} numbers are written in one row, map after map. Nothing is computed.`,
        backward: "The gradients go back to the places that the numbers came from.",
      };
    case "dense":
      return {
        kind: "dense",
        forward: `Each of the ${outputShape[0]} outputs multiplies all ${whole(inputShape[0])} numbers by weights of its own and adds them up, with its bias.`,
        backward:
          "A weight's gradient is the input that it met, times the gradient of its output. An input's gradient is the sum over all outputs: their gradients, times the weights on the way there.",
      };
  }
}

function windowOf(size: number | readonly [number, number]): string {
  const [height, width] = typeof size === "number" ? [size, size] : size;
  return `${height}×${width}`;
}
