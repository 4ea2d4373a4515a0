import type { Cell } from "../cell.js";
import { InputError, show } from "../errors.js";
import { type Account, type Around, type Factor, factorAt, product } from "../layers/explain/explanation.js";
import { exp, log } from "../math.js";
import { counted } from "../presentation/numbers.js";
import { dtypeOf, type Tensor, zeros } from "../tensor.js";
import { type ClassWeights, type Loss, type LossSpec, meanLoss, totalWeight } from "./loss.js";
import { largestOf, softmax } from "./softmax.js";

/*
 * The loss says how wrong the network is: minus the logarithm of the probability that it gave to the right class,
 * averaged over the batch. 0 if it was certain and right; ln(10) = 2.303 for a blind guess among ten.
 *
 *   loss = 1/N * sum over n of  -ln p[n, label[n]]          with p = softmax(z)
 *        = 1/N * sum over n of  ln(sum over k of e^z[n, k]) - z[n, label[n]]
 *
 * The second line needs no p, and therefore works where p is too small to be stored. Softmax and logarithm belong
 * together because their gradients do, too: most of it cancels, and what remains is
 *
 *   dz[n, k] = (p[n, k] - y[n, k]) / N                      with y = 1 for the right class, else 0
 *
 * With label smoothing s the network is asked for a little less than certainty: a share s of each target is spread evenly over
 * all K classes (C. Szegedy et al., 2016). With class weights w an image counts as much as its class does, and the sum is
 * divided by that of the images' weights. Together, as `torch.nn.CrossEntropyLoss(weight=w, label_smoothing=s)` has it:
 *
 *   q[n, k]  = (1 - s) * w[label[n]] * y[n, k] + s / K * w[k]
 *   loss     = sum over n, k of q[n, k] * -ln p[n, k]                  / sum over n of w[label[n]]
 *   dz[n, k] = (sum over m of q[n, m] * p[n, k] - q[n, k])             / sum over n of w[label[n]]
 */

/** What a loss of softmax and cross-entropy can be told. */
export interface Options {
  readonly labelSmoothing: number;
  readonly classWeights: ClassWeights | undefined;
}

const PLAIN: Options = { labelSmoothing: 0, classWeights: undefined };

/** How much is asked of each class by an image of class `label`, `[K]`: q. Without options 1 of the right one, else 0. */
function targets({ labelSmoothing, classWeights }: Options, label: number, K: number): Float64Array {
  const q = new Float64Array(K);
  if (labelSmoothing > 0) for (let k = 0; k < K; k++) q[k] = (labelSmoothing / K) * (classWeights?.[k] ?? 1);
  q[label] += (1 - labelSmoothing) * (classWeights?.[label] ?? 1);
  return q;
}

/** The sum of what is asked of all classes by an image of class `label`: 1 without class weights. */
export function totalTarget({ labelSmoothing, classWeights }: Options, label: number): number {
  if (classWeights === undefined) return 1;
  if (labelSmoothing === 0) return classWeights[label];
  const mean = classWeights.reduce((sum, weight) => sum + weight, 0) / classWeights.length;
  return (1 - labelSmoothing) * classWeights[label] + labelSmoothing * mean;
}

/** The loss of each image, `[N]` in float64, from logits `[N, K]` and N class indices. */
export function crossEntropies(logits: Tensor, labels: ArrayLike<number>, options = PLAIN): Float64Array {
  const [N, K] = logits.shape;
  const losses = new Float64Array(N);
  for (let n = 0; n < N; n++) {
    const row = logits.data.subarray(n * K, (n + 1) * K);
    const largest = largestOf(row);
    let total = 0;
    for (let k = 0; k < K; k++) total += exp(row[k] - largest);
    const q = targets(options, labels[n], K);
    let wanted = 0;
    for (let k = 0; k < K; k++) if (q[k] !== 0) wanted += q[k] * (row[k] - largest);
    losses[n] = totalTarget(options, labels[n]) * log(total) - wanted;
  }
  return losses;
}

/** The mean loss over the batch. */
export const softmaxCrossEntropy = (logits: Tensor, labels: ArrayLike<number>): number =>
  meanLoss(softmaxCrossEntropyLoss, logits, labels);

/** The gradient of the mean loss with respect to the logits, `[N, K]`: (p - y) / N. */
export function softmaxCrossEntropyGradient(
  logits: Tensor,
  labels: ArrayLike<number>,
  options = PLAIN,
): Tensor {
  const [N, K] = logits.shape;
  const p = softmax(logits);
  const gradient = zeros([N, K], dtypeOf(logits));
  const weight = totalWeight(labels, options.classWeights);
  for (let n = 0; n < N; n++) {
    const q = targets(options, labels[n], K);
    const total = totalTarget(options, labels[n]);
    for (let k = 0; k < K; k++) gradient.data[n * K + k] = (total * p.data[n * K + k] - q[k]) / weight;
  }
  return gradient;
}

function lossWith(options: Options): Loss {
  return {
    type: "softmaxCrossEntropy",
    takesSeveral: false,
    ...options,
    words: {
      kind: "softmax and loss",
      probabilities: "probabilities",
      forward: `Softmax turns the scores into probabilities: all positive, 1 together. The loss says how wrong they are: minus the logarithm of the probability of the right answer, 0 if the network was certain and right${options.labelSmoothing > 0 ? "; with label smoothing, a little of that of every answer" : ""}.`,
      backward: `Backward begins here. Softmax and loss together send back to each score what its class had too much: its probability p, less y, which is 1 for the right answer and 0 for the others${options.labelSmoothing > 0 ? ", but for the label smoothing" : ""}.`,
    },
    weighted: (classWeights) => lossWith({ ...options, classWeights }),
    guessing: log,
    probabilities: softmax,
    values: (logits, labels) => crossEntropies(logits, labels, options),
    inputGradient: (logits, labels) => softmaxCrossEntropyGradient(logits, labels, options),
    explain: {
      probability,
      loss: (around) => loss(options, around),
      inputGradient: (around, index) => inputGradient(options, around, index),
      uses: (around, cell) => uses(options, around, cell),
    },
  };
}

/** Without label smoothing and class weights. */
export const softmaxCrossEntropyLoss: Loss = lossWith(PLAIN);

/** @throws InputError that begins with the option, if it is out of range */
export function resolveSoftmaxCrossEntropy({ labelSmoothing = 0 }: LossSpec): Loss {
  const isShare = typeof labelSmoothing === "number" && labelSmoothing >= 0;
  if (!isShare || !(Math.fround(labelSmoothing) < 1)) {
    throw new InputError(`"labelSmoothing" must be a number from 0 to below 1, not ${show(labelSmoothing)}`);
  }
  return labelSmoothing === 0 ? softmaxCrossEntropyLoss : lossWith({ ...PLAIN, labelSmoothing });
}

/* Where these numbers come from: n is an image, k a class. */

function probability(around: Around, [n, k]: readonly number[]): Account {
  const logits = around("logits");
  const [, K] = logits.shape;
  const row = logits.data.subarray(n * K, (n + 1) * K);
  const largest = largestOf(row);
  const exponentials = Array.from(row, (logit) => exp(logit - largest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  const own: Factor = { value: exponentials[k], label: "e^(logit - largest logit)" };
  const share: Factor = { value: 1 / total, label: "1 / the sum of these of all classes" };
  return {
    rule: "softmax",
    terms: [product([own, share])],
    others: exponentials.map((_, m) => factorAt(logits, [n, m], m === k ? "its own logit" : "another logit")),
    says: `Each class gets e to the power of its logit (less the largest, which changes nothing); the share of class ${k} in the sum of all ${K} is its probability.`,
  };
}

function loss(options: Options, around: Around): Account {
  const [logits, probs, y] = [around("logits"), around("probs"), around("y")];
  const { labelSmoothing, classWeights } = options;
  const [N, K] = logits.shape;
  const isPlain = labelSmoothing === 0 && classWeights === undefined;
  const losses = crossEntropies(logits, y.data);
  const share: Factor = isPlain
    ? { value: 1 / N, label: "1/N" }
    : {
        value: 1 / totalWeight(y.data, classWeights),
        label: classWeights ? "1 / the sum of the images' weights" : "1/N",
      };
  const terms = Array.from(losses, (value, n) => {
    const right = y.data[n];
    const own = product([
      { value, label: `-ln of image ${n}'s probability of the right class` },
      ...(isPlain ? [] : [rightFactor(options, right)]),
      share,
    ]);
    if (labelSmoothing === 0) return [own];
    const spread = Array.from({ length: K }, (_, k) =>
      product([
        {
          value: crossEntropies(oneRow(logits, n), [k])[0],
          label: `-ln of image ${n}'s probability of class ${k}`,
        },
        spreadFactor(options, k, K),
        share,
      ]),
    );
    return [own, ...spread];
  }).flat();
  const others = Array.from(losses, (_, n) => [
    factorAt(y, [n], "the right class"),
    ...(labelSmoothing > 0 ? Array.from({ length: K }, (_, k) => k) : [y.data[n]]).map((k) =>
      factorAt(probs, [n, k], k === y.data[n] ? "its probability" : "another class's probability"),
    ),
  ]).flat();
  const averaged = N === 1 ? "" : `, averaged over ${counted(N, "image")}`;
  const weighted = classWeights && N > 1 ? ", each weighted as its class is" : "";
  return {
    rule: "loss",
    terms,
    others,
    says: `Minus the logarithm of the probability of the right class${smoothingSays(options)}${averaged}${weighted}.`,
  };
}

const smoothingSays = ({ labelSmoothing }: Options) =>
  labelSmoothing > 0
    ? `, which counts ${1 - labelSmoothing}, and of every class, which share the other ${labelSmoothing}`
    : "";

/** (1 - s) * w of an image's own class. */
function rightFactor({ labelSmoothing, classWeights }: Options, label: number): Factor {
  const value = (1 - labelSmoothing) * (classWeights?.[label] ?? 1);
  if (classWeights === undefined) return { value, label: "1 - the label smoothing" };
  return {
    value,
    label:
      labelSmoothing === 0
        ? `the weight of class ${label}`
        : `1 - the label smoothing, times the weight of class ${label}`,
  };
}

/** s / K * w of a class. */
function spreadFactor({ labelSmoothing, classWeights }: Options, k: number, K: number): Factor {
  return {
    value: (labelSmoothing / K) * (classWeights?.[k] ?? 1),
    label: `the label smoothing / ${K} classes${classWeights ? `, times the weight of class ${k}` : ""}`,
  };
}

function oneRow({ shape: [, K], data }: Tensor, n: number): Tensor {
  return { shape: [1, K], data: data.subarray(n * K, (n + 1) * K) };
}

function inputGradient(options: Options, around: Around, [n, k]: readonly number[]): Account {
  const [probs, y] = [around("probs"), around("y")];
  const { labelSmoothing, classWeights } = options;
  const N = y.data.length;
  const [, K] = probs.shape;
  const isRight = y.data[n] === k;
  const [weight, name] = classWeights
    ? [totalWeight(y.data, classWeights), "the sum of the images' weights"]
    : [N, "N"];
  const divided = classWeights ? `1 / ${name}` : "1/N";
  const target: Factor =
    isRight && classWeights
      ? rightFactor({ labelSmoothing: 0, classWeights }, k)
      : { value: isRight ? 1 : 0, label: `y: ${isRight ? "1, the right class" : "0, a wrong class"}` };
  const kept: Factor[] =
    labelSmoothing > 0 ? [{ value: 1 - labelSmoothing, label: "1 - the label smoothing" }] : [];
  const total: Factor[] = classWeights
    ? [{ value: totalTarget(options, y.data[n]), label: "the sum of what is asked of all classes" }]
    : [];
  const spread: Factor[] = labelSmoothing > 0 ? [spreadFactor(options, k, K)] : [];
  const smoothed =
    labelSmoothing > 0 ? `; of ${labelSmoothing} of it every class should have had its share` : "";
  return {
    rule: "difference",
    terms: [
      product([factorAt(probs, [n, k], "p"), ...total, { value: 1 / weight, label: divided }]),
      product([target, ...kept, { value: -1 / weight, label: `-${divided}` }], "target"),
      ...spread.map((factor) => product([factor, { value: -1 / weight, label: `-${divided}` }], "target")),
    ],
    others: [factorAt(y, [n], "the right class")],
    says: `${isRight ? "The right class should have had probability 1" : "A wrong class should have had probability 0"}${smoothed}: the gradient is what it had too much, p - y${classWeights ? ", times what the image's class counts, divided by what all images of the batch count" : N === 1 ? "" : `, divided by the ${N} images of the batch`}.`,
  };
}

/** The cells of `probs`, `loss` and `grad.logits` in whose accounts a cell of `logits`, `probs` or `y` stands. */
function uses({ labelSmoothing }: Options, around: Around, { tensor, index: [n, k] }: Cell): Cell[] {
  const [, K] = around("logits").shape;
  const ofClasses = (tensor: string): Cell[] =>
    Array.from({ length: K }, (_, m) => ({ tensor, index: [n, m] }));
  const loss: Cell = { tensor: "loss", index: [] };
  if (tensor === "logits") return ofClasses("probs");
  if (tensor === "y") return [loss, ...ofClasses("grad.logits")];
  const isInLoss = labelSmoothing > 0 || around("y").data[n] === k;
  return [...(isInLoss ? [loss] : []), { tensor: "grad.logits", index: [n, k] }];
}
