import { softmax, softmaxInputGradient } from "../losses/softmax.js";
import { crossEntropies } from "../losses/softmaxCrossEntropy.js";
import { logistic } from "../math.js";
import type { Tensor } from "../tensor.js";
import { answersOf } from "./labels.js";
import type { LossReading, SeparateLoss } from "./network.js";
import { MissingArray, type Run, type Step } from "./run.js";
import { inDoubles, mapped, NONE, shareOf, type Value } from "./value.js";

/** How `probs`, `loss` and the gradient of the scores are computed. */
export function stepsOfLoss(loss: LossReading, scores: string): [name: string, ways: readonly Step[]][] {
  if (loss.kind === "crossEntropy") {
    return [
      ["probs", [(run) => probabilities(run.get(scores), run)]],
      [
        "loss",
        [(run) => lossOfProbabilities(run), (run) => lossOfScores(run.get(scores), run), infiniteLoss],
      ],
      [
        `grad.${scores}`,
        [
          (run) => scoreGradient(run.get("probs"), run),
          (run) => scoreGradient(probabilities(run.get(scores), run), run),
        ],
      ],
    ];
  }
  const link = LINKS[loss.link];
  const together = TOGETHER[`${loss.kind} ${loss.link}`];
  const p = (run: Run) => run.get("probs");
  const z = (run: Run) => run.get(scores);
  return [
    ["probs", [(run) => link.value(z(run), run)]],
    [
      "loss",
      [
        // first the way that is finite wherever the scores are: by its errors those of mistakes are measured
        ...(together ? [(run: Run) => separateLoss(z(run), together.ofScores, loss, run)] : []),
        (run) => separateLoss(p(run), PARTS[loss.kind], loss, run),
        ...(loss.kind === "binary" ? [infiniteLoss] : []),
      ],
    ],
    [
      `grad.${scores}`,
      together
        ? [
            (run) => together.back(p(run), loss, run),
            (run) => together.back(link.value(z(run), run), loss, run),
          ]
        : [(run) => link.back(z(run), separateGradient(p(run), loss, run), run)],
    ],
  ];
}

function probabilities(z: Value, run: Run): Value {
  const { shape, data } = softmax(z);
  const p = { shape, data: inDoubles(data) };
  if (run.rough) return { ...p, variance: NONE };
  const ofLogarithms = variancesOfLogarithms(z, p, run);
  const variance = mapped(p, (value, k) => value ** 2 * ofLogarithms[k] + run.working.tiny ** 2);
  return { ...p, variance: variance.data };
}

/** The variances of ln p = z - ln(sum of e^z), which don't grow where p is too small to be held. */
function variancesOfLogarithms(z: Value, p: Tensor, run: Run): Float64Array {
  const [N, K] = z.shape;
  const rounding = shareOf(run.working.unit);
  const variance = new Float64Array(N * K);
  for (let n = 0; n < N; n++) {
    const row = z.data.subarray(n * K, (n + 1) * K);
    const largest = Math.max(...row);
    let common = 0;
    for (let k = 0; k < K; k++) common += p.data[n * K + k] ** 2 * z.variance[n * K + k];
    for (let k = 0; k < K; k++) {
      variance[n * K + k] =
        z.variance[n * K + k] + common + rounding * (10 + (row[k] - largest) ** 2 + row[k] ** 2);
    }
  }
  return variance;
}

/** The right classes. @throws MissingArray */
export function labelsOf({ network: { labels } }: Run): Tensor {
  if (!labels) throw new MissingArray("y");
  return labels;
}

/**
 * The loss if a probability whose logarithm it has is 0 in the person's numbers: in the cross-entropy that of what is right, in the
 * binary one that of what is wrong, too. @throws MissingArray if none is
 */
function infiniteLoss(run: Run): Value {
  const labels = labelsOf(run);
  const p = run.get("probs").data;
  const { unit, tiny } = run.working;
  // what lies between 0 and the normal numbers, some machines take for 0
  const isNothing = (value: number) => value <= tiny / unit;
  const isBinary = run.network.loss.kind === "binary";
  const isInfinite = labels.data.some(
    (y, k) => (y !== 0 && isNothing(p[k])) || (isBinary && y !== 1 && 1 - p[k] <= unit),
  );
  if (!isInfinite) throw new MissingArray("loss");
  return { shape: [], data: Float64Array.of(Infinity), variance: Float64Array.of(0) };
}

/** What the loss is divided by. */
function lossDivisor({ network: { scale, images } }: Run): number {
  return scale === "sum" ? 1 : images;
}

function lossOfProbabilities(run: Run): Value {
  const p = run.get("probs");
  const labels = labelsOf(run);
  let loss = 0;
  let variance = 0;
  for (let k = 0; k < p.data.length; k++) {
    const y = labels.data[k];
    if (y === 0) continue;
    const term = -y * Math.log(p.data[k]);
    loss += term;
    variance +=
      y * y * atMostOne(p.variance[k] / p.data[k] ** 2) + 3 * shareOf(run.working.unit) * term * term;
  }
  return scalar(loss, variance, run);
}

function lossOfScores(z: Value, run: Run): Value {
  const labels = labelsOf(run);
  const [N, K] = z.shape;
  const relative = run.rough ? NONE : variancesOfLogarithms(z, softmax(z), run);
  const rounding = shareOf(run.working.unit);
  let loss = 0;
  let variance = 0;
  for (let k = 0; k < K; k++) {
    const losses = crossEntropies(z, new Uint32Array(N).fill(k));
    for (let n = 0; n < N; n++) {
      const i = n * K + k;
      const y = labels.data[i];
      if (y === 0) continue;
      loss += y * losses[n];
      variance += relative[i] + rounding * (losses[n] ** 2 + z.data[i] ** 2 + 3);
    }
  }
  return scalar(loss, variance, run);
}

/**
 * The variance of a logarithm, where its number is so small that rounding makes anything of it: nobody's is off by more than
 * some units, and if all were allowed, no loss would be wrong.
 */
const atMostOne = (variance: number): number => Math.min(1, variance);

function scalar(sum: number, variance: number, run: Run): Value {
  const divisor = lossDivisor(run);
  const value = sum / divisor;
  const rounding = shareOf(run.working.unit) * (run.network.images + 1) * value * value;
  return {
    shape: [],
    data: Float64Array.of(value),
    variance: Float64Array.of(variance / divisor ** 2 + rounding),
  };
}

function scoreGradient(p: Value, run: Run): Value {
  const labels = labelsOf(run);
  const { scale, images } = run.network;
  const factor = scale === "mean" ? 1 / images : 1;
  const answers = answersOf(labels);
  const [, K] = labels.shape;
  const data = mapped(p, (value, k) => (value * answers[Math.floor(k / K)] - labels.data[k]) * factor);
  if (run.rough) return { ...data, variance: NONE };
  const rounding = 3 * shareOf(run.working.unit);
  const variance = mapped(
    data,
    (value, k) => p.variance[k] * (answers[Math.floor(k / K)] * factor) ** 2 + rounding * value * value,
  );
  return { ...data, variance: variance.data };
}

/* Losses that look at each number alone. */

interface Link {
  value(z: Value, run: Run): Value;
  /** The gradient of the scores from that of p. */
  back(z: Value, g: Value, run: Run): Value;
}

const LINKS: Readonly<Record<SeparateLoss["link"], Link>> = {
  none: { value: (z) => z, back: (_, g) => g },
  sigmoid: {
    value: (z, run) =>
      withVariance(z, logistic, (p, k) => (p * (1 - p)) ** 2 * z.variance[k] + 8 * unitOf(run) * p * p),
    back: (z, g, run) =>
      withVariance(
        g,
        (value, k) => value * slopeOfSigmoid(z.data[k]),
        (value, k) => slopeOfSigmoid(z.data[k]) ** 2 * g.variance[k] + 20 * unitOf(run) * value * value,
      ),
  },
  softmax: {
    value: probabilities,
    back(z, g, run) {
      const { shape, data } = softmaxInputGradient(z, g);
      const K = z.shape[1];
      // what cancels in a row has errors of the size of its largest part
      const largest = (k: number) =>
        Math.max(...g.data.subarray(k - (k % K), k - (k % K) + K).map((value) => value * value));
      const variance = Float64Array.from(data, (_, k) => 40 * unitOf(run) * largest(k));
      return { shape, data: Float64Array.from(data), variance };
    },
  },
};

const unitOf = (run: Run) => shareOf(run.working.unit);
const slopeOfSigmoid = (z: number) => logistic(z) * (1 - logistic(z));

function withVariance(
  value: Value,
  f: (x: number, k: number) => number,
  variance: (y: number, k: number) => number,
): Value {
  const data = value.data.map(f);
  return { shape: value.shape, data, variance: data.map(variance) };
}

type Parts<Which extends string> = Readonly<Record<Which, (p: number, y: number) => number>> & {
  /** Whether the value is the logarithm of what may be 0. */
  readonly isLogarithm?: true;
};

/** What each number adds to the loss, its slope, and the slope of that. */
const PARTS: Readonly<Record<SeparateLoss["kind"], Parts<"value" | "slope" | "bend">>> = {
  squares: { value: (p, y) => (p - y) ** 2, slope: (p, y) => 2 * (p - y), bend: () => 2 },
  binary: {
    isLogarithm: true,
    value: (p, y) => (y === 0 ? 0 : -y * Math.log(p)) - (y === 1 ? 0 : (1 - y) * Math.log(1 - p)),
    // not (p - y) / (p(1 - p)), which is 0/0 where p is just what it should be
    slope: (p, y) => (y === 0 ? 0 : -y / p) + (y === 1 ? 0 : (1 - y) / (1 - p)),
    bend: (p, y) => (y === 0 ? 0 : y / (p * p)) + (y === 1 ? 0 : (1 - y) / (1 - p) ** 2),
  },
};

/** Losses that are computed together with the link before them, since alone each would lose what is near 0 or 1. */
interface Together {
  readonly ofScores: Parts<"value" | "slope">;
  /** The gradient of the scores, from p. */
  back(p: Value, loss: SeparateLoss, run: Run): Value;
}

const TOGETHER: Readonly<Record<string, Together>> = {
  "binary sigmoid": {
    ofScores: {
      value: (z, y) => Math.max(z, 0) - z * y + Math.log1p(Math.exp(-Math.abs(z))),
      slope: (z, y) => logistic(z) - y,
    },
    back: (p, { factor }, run) => {
      const labels = labelsOf(run);
      return withVariance(
        p,
        (value, k) => factor * (value - labels.data[k]),
        (value, k) => factor ** 2 * p.variance[k] + 4 * unitOf(run) * value * value,
      );
    },
  },
};

/** @param p the probabilities, or the scores, whichever `value` takes */
function separateLoss(
  p: Value,
  { value, slope, isLogarithm }: Parts<"value" | "slope">,
  { factor }: SeparateLoss,
  run: Run,
): Value {
  const labels = labelsOf(run);
  let sum = 0;
  let variance = 0;
  for (let k = 0; k < p.data.length; k++) {
    const part = value(p.data[k], labels.data[k]);
    sum += part;
    const own = slope(p.data[k], labels.data[k]) ** 2 * p.variance[k];
    variance += (isLogarithm ? atMostOne(own) : own) + 3 * unitOf(run) * part * part;
  }
  return {
    shape: [],
    data: Float64Array.of(factor * sum),
    variance: Float64Array.of(factor ** 2 * (variance + unitOf(run) * p.data.length * sum * sum)),
  };
}

function separateGradient(p: Value, { kind, factor }: SeparateLoss, run: Run): Value {
  const labels = labelsOf(run);
  const { slope, bend } = PARTS[kind];
  return withVariance(
    p,
    (value, k) => factor * slope(value, labels.data[k]),
    (value, k) =>
      (factor * bend(p.data[k], labels.data[k])) ** 2 * (p.variance[k] + unitOf(run) * p.data[k] ** 2) +
      4 * unitOf(run) * value * value,
  );
}
