import type { Tensor } from "../../tensor.js";
import { labelsOf } from "../lossSteps.js";
import type { CheckedNetwork } from "../network.js";
import type { Run, Variation } from "../run.js";
import { mapped } from "../value.js";
import { at, type Mistake, together } from "./mistake.js";
import { picked } from "./tools.js";

/* Labels that are right, but another image's. */

/** The loss and the gradient of the scores with other labels. */
function withLabels(network: CheckedNetwork, labelsFrom: (labels: Tensor) => Tensor): Variation[] {
  const { scale, images, scores } = network;
  const loss = at("loss", (run) => {
    const labels = labelsFrom(labelsOf(run));
    const p = run.tensor("probs");
    let sum = 0;
    for (let k = 0; k < p.data.length; k++)
      if (labels.data[k] > 0) sum -= labels.data[k] * Math.log(p.data[k]);
    return { shape: [], data: Float64Array.of(scale === "sum" ? sum : sum / images) };
  });
  const back = at(`grad.${scores}`, (run) => {
    const labels = labelsFrom(labelsOf(run));
    const divisor = scale === "mean" ? images : 1;
    return mapped(run.tensor("probs"), (p, k) => (p - labels.data[k]) / divisor);
  });
  return [together(loss, back), loss, back];
}

/** Which class each image has going by the gradient of the scores, p - y; undefined if it doesn't say. */
function classesFrom(network: CheckedNetwork, run: Run): number[] | undefined {
  const { images, classes, scale, scores } = network;
  const g = run.given.get(`grad.${scores}`)?.tensor.data;
  const p = run.given.get("probs")?.tensor.data ?? run.expected("probs")?.[0]?.data;
  if (!g || !p) return undefined;
  const divisor = scale === "mean" ? images : 1;
  const rows = Array.from({ length: images }, (_, n) => {
    const y = Array.from({ length: classes }, (_, k) => p[n * classes + k] - divisor * g[n * classes + k]);
    const k = y.indexOf(Math.max(...y));
    return y.every((value, other) => Math.abs(value - (other === k ? 1 : 0)) < 0.01) ? k : -1;
  });
  return rows.includes(-1) ? undefined : rows;
}

const classesOf = ({ labels, classes, images }: CheckedNetwork): number[] =>
  Array.from({ length: images }, (_, n) => {
    const row = Array.from({ length: classes }, (_, k) => labels?.data[n * classes + k]);
    return row.indexOf(1);
  });

const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

/** Rows of zeros with a one. */
const rowsOf =
  (classes: readonly number[]) =>
  ({ shape }: Tensor): Tensor =>
    mapped({ shape, data: new Float64Array(shape[0] * shape[1]) }, (_, k) =>
      classes[Math.floor(k / shape[1])] === k % shape[1] ? 1 : 0,
    );

export const labelsShuffled: Mistake = {
  name: "labels-of-other-images",
  why: "The labels belong to other images: the same ones in another order, as when images are shuffled and labels are not.",
  fix: "order = np.random.permutation(N); x, y = x[order], y[order]  # both with the same order",
  variations: (network, run) => {
    const { images, labels, loss } = network;
    if (images === 1 || !labels || loss.kind !== "crossEntropy") return [];
    const moved = (from: (n: number) => number) =>
      withLabels(network, (t) => picked(t, t.shape, ([n, k]) => [from(n), k]));
    const own = classesOf(network);
    const found = classesFrom(network, run);
    const isPermuted = found && found.join() !== own.join() && sorted(found).join() === sorted(own).join();
    const order = sorted(own);
    return [
      ...(isPermuted ? withLabels(network, rowsOf(found)) : []),
      ...moved((n) => images - 1 - n),
      ...Array.from({ length: Math.min(images, 8) - 1 }, (_, k) => moved((n) => (n + k + 1) % images)).flat(),
      ...(order.includes(-1) ? [] : withLabels(network, rowsOf(order))),
    ];
  },
};

export const otherLabels: Mistake = {
  name: "other-labels",
  why: "The gradient is that of other labels than those that were saved.",
  fix: "dz = p.copy(); dz[np.arange(N), y] -= 1; dz /= N  # with the y that is saved",
  variations: (network, run) => {
    if (!network.labels || network.loss.kind !== "crossEntropy") return [];
    const found = classesFrom(network, run);
    if (!found || found.join() === classesOf(network).join()) return [];
    const detail = `Going by it, the classes are ${found.slice(0, 10).join(", ")}${found.length > 10 ? ", ..." : ""}.`;
    return withLabels(network, rowsOf(found)).map((one) => ({ ...one, detail }));
  },
};
