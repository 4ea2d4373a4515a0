import { type Cell, indexAt } from "../../cell.js";
import { counted } from "../../presentation/numbers.js";
import { type BatchNorm, gradientSums, inverseDeviation, statisticsIn } from "../batchStatistics.js";
import type { Context } from "../layer.js";
import {
  type Account,
  type Around,
  type Explainer,
  type Factor,
  factorAt,
  type NamedTensor,
  product,
} from "./explanation.js";

/*
 * The terms of batch normalisation. In training the mean and the deviation are constants in a term, but all numbers of
 * the channel went into them: they stand among the others. In evaluation they are the running ones, and nothing else of the batch
 * matters.
 */

const isTraining = ({ mode }: Context) => mode === "training";

/** The cells of channel c of a tensor, over all images. */
function channelOf({ channels, places }: BatchNorm, { shape }: NamedTensor, c: number): number[][] {
  return Array.from({ length: shape[0] * places }, (_, k) => {
    const image = Math.floor(k / places);
    return indexAt(shape, (image * channels + c) * places + (k % places));
  });
}

const sameCell = (a: readonly number[], b: readonly number[]) => a.every((place, k) => place === b[k]);

/** What a channel's numbers are normalised by, as factors. */
function normaliser(layer: BatchNorm, around: Around, c: number, context: Context) {
  const running = { running_mean: around("running_mean"), running_var: around("running_var") };
  const x = around("x");
  const statistics = statisticsIn(layer, x, running, context);
  const inverse: Factor = { value: inverseDeviation(layer, statistics, c), label: "1/deviation" };
  const training = isTraining(context);
  const mean: Factor = training
    ? { value: statistics.mean[c], label: "mean" }
    : factorAt(running.running_mean, [c], "running mean");
  const normalised = (index: readonly number[]) => (factorAt(x, index).value - mean.value) * inverse.value;
  /** What else it depends on. */
  const sources = training
    ? channelOf(layer, x, c).map((index) => factorAt(x, index))
    : [factorAt(running.running_var, [c], "running variance")];
  return { x, statistics, mean, inverse, normalised, sources, numbers: x.shape[0] * layer.places };
}

const LESS: Factor = { value: -1, label: "less" };

export const explainBatchNorm: Explainer<BatchNorm> = {
  output(layer, around, index, context): Account {
    const [, c] = index;
    const { x, mean, inverse, sources, numbers } = normaliser(layer, around, c, context);
    const weight = factorAt(around("weight"), [c]);
    const own = factorAt(x, index);
    return {
      rule: "normalise",
      terms: [
        product([weight, inverse, own]),
        product([LESS, weight, inverse, mean]),
        product([factorAt(around("bias"), [c])], "bias"),
      ],
      others: sources.filter(({ cell }) => !isTraining(context) || !sameCell(cell?.index ?? [], index)),
      says: isTraining(context)
        ? `The number less the mean of its channel, ${counted(numbers, "number")} of the batch, divided by their standard deviation; times the weight, plus the bias.`
        : "The number less the running mean of its channel, divided by the running deviation; times the weight, plus the bias.",
    };
  },

  inputGradient(layer, around, index, _input, context): Account {
    const [, c] = index;
    const { x, statistics, inverse, normalised, sources, numbers } = normaliser(layer, around, c, context);
    const gradient = around("grad.out");
    const weight = factorAt(around("weight"), [c]);
    const own = product([weight, inverse, factorAt(gradient, index)]);
    if (!isTraining(context)) {
      return {
        rule: "normalise",
        terms: [own],
        others: sources,
        says: "The mean and the deviation are constants now, so the gradient is only stretched: times the weight, divided by the running deviation.",
      };
    }
    const { plain, weighted } = gradientSums(layer, x, gradient, statistics);
    const share: Factor = { value: -1 / numbers, label: `-1/${numbers}` };
    const sumOf = (value: number, label: string): Factor => ({ value, label });
    return {
      rule: "normalise",
      terms: [
        own,
        product([share, weight, inverse, sumOf(plain[c], "sum of the channel's gradients")]),
        product([
          share,
          weight,
          inverse,
          { value: normalised(index), label: "normalised" },
          sumOf(weighted[c], "sum of gradients times normalised"),
        ]),
      ],
      others: [
        ...channelOf(layer, gradient, c)
          .filter((other) => !sameCell(other, index))
          .map((other) => factorAt(gradient, other)),
        ...sources,
      ],
      says: "The gradient of the output, less its mean over the channel (the mean moves with this number), less what stretching the channel would do (so does the deviation); times the weight, divided by the deviation.",
    };
  },

  parameterGradient(layer, around, name, [c], context): Account {
    const gradient = around("grad.out");
    const cells = channelOf(layer, gradient, c);
    if (name === "bias") {
      return {
        rule: "sum",
        terms: cells.map((index) => product([factorAt(gradient, index)])),
        others: [],
        says: `The bias is added to each number of its channel: the sum of ${counted(cells.length, "gradient")}.`,
      };
    }
    const { x, mean, normalised, sources } = normaliser(layer, around, c, context);
    return {
      rule: "sum",
      terms: cells.map((index) =>
        product([factorAt(gradient, index), { value: normalised(index), label: "normalised" }]),
      ),
      others: isTraining(context) ? sources : [...cells.map((index) => factorAt(x, index)), mean, ...sources],
      says: `The weight stretches each number of its channel: the sum of ${counted(cells.length, "gradient")}, each times the normalised number.`,
    };
  },

  uses(layer, around, { tensor, index }, context): Cell[] {
    const x = around("x");
    const isOfBatch = tensor === "x" || tensor === "grad.out";
    const c = isOfBatch ? index[1] : index[0];
    const all = (tensor: string): Cell[] => channelOf(layer, x, c).map((index) => ({ tensor, index }));
    const one = (tensor: string): Cell[] => [{ tensor, index }];
    const ofChannel = (tensor: string): Cell[] => [{ tensor, index: [c] }];
    const training = isTraining(context);
    switch (tensor) {
      case "x":
        return training
          ? [...all("out"), ...all("grad.x"), ...ofChannel("grad.weight")]
          : [...one("out"), ...ofChannel("grad.weight")];
      case "grad.out":
        return [
          ...(training ? all("grad.x") : one("grad.x")),
          ...ofChannel("grad.weight"),
          ...ofChannel("grad.bias"),
        ];
      case "weight":
        return [...all("out"), ...all("grad.x")];
      case "bias":
        return all("out");
      case "running_mean":
        return training ? [] : [...all("out"), ...ofChannel("grad.weight")];
      default: // running_var
        return training ? [] : [...all("out"), ...all("grad.x"), ...ofChannel("grad.weight")];
    }
  },
};
