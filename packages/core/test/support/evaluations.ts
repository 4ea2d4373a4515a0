import {
  type Dataset,
  defineModel,
  type EvaluationSubject,
  evaluateLogits,
  type LossSpec,
  oneConv,
  ScoreTally,
  tensor,
} from "../../src/index.js";

/** What scores are: of `images` images, of class `n % classes` each, the one of the class after it every `wrong`-th time. */
export interface AnswersWanted {
  readonly classes: readonly string[];
  readonly images: number;
  readonly wrong: number;
  readonly channels?: 1 | 3;
  readonly loss?: LossSpec;
}

/** Answers to made-up images, as `evaluate` and a tally tell of them. */
export function evaluated({
  classes,
  images: count,
  wrong,
  channels = 1,
  loss,
}: AnswersWanted): EvaluationSubject {
  const K = classes.length;
  const spec = { ...oneConv({ input: [channels, 12, 12], classes }), ...(loss && { loss }) };
  const model = defineModel(spec);
  const labels = Uint8Array.from({ length: count }, (_, n) => n % K);
  const scores = new Float32Array(count * K);
  for (const [n, label] of labels.entries()) {
    scores[n * K + ((label + (n % wrong === 0 ? 1 : 0)) % K)] = 1 + n / count;
  }
  const logits = tensor([count, K], scores);
  const tally = new ScoreTally(20, model.loss);
  tally.add(logits, labels);
  const images = Uint8Array.from({ length: count * channels * 144 }, (_, k) => (k * 37) % 256);
  const data: Dataset = { name: "made-up", shape: model.inputShape, images, labels, classes };
  return {
    modelName: "net.safetensors",
    model,
    trained: true,
    data,
    evaluation: evaluateLogits(logits, labels, model.loss),
    scores: tally.result(),
  };
}
