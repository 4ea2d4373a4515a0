import {
  type AugmentSpec,
  countOf,
  type Dataset,
  describeAugmentation,
  duration,
  type Engine,
  type Evaluation,
  type FitOptions,
  type History,
  labelsPerImage,
  type OptimizerName,
  resolveAugment,
} from "unravel-cnn";
import type { LoadedModel } from "../../model.js";
import { clock, counted, percent, short, significant, whole } from "../../terminal/numbers.js";
import type { Progress } from "../../terminal/progress.js";

/* What is said before and during the training. */

/** Says which data, network, settings and engine a training uses. */
export function announce(
  progress: Progress,
  { title, model, trained }: LoadedModel,
  engine: Engine,
  training: Dataset,
  test: Dataset,
  options: Required<
    Pick<FitOptions, "epochs" | "batchSize" | "learningRate" | "schedule" | "seed"> & {
      readonly optimizer: { readonly type: OptimizerName };
    }
  > &
    Pick<FitOptions, "classWeights" | "ema" | "augment" | "validation" | "keep" | "patience">,
): void {
  const { epochs, batchSize, optimizer, learningRate, schedule, seed } = options;
  const size = training.shape.join("x");
  progress.say(
    `Data      ${training.name}: ${whole(countOf(training))} training and ${whole(countOf(test))} test images, ${size}`,
  );
  progress.say(
    `Network   ${title}${trained ? " (trained before)" : ""}: ${whole(model.parameterCount)} parameters, ` +
      `${whole(model.multiplyAdds.forward)} multiply-adds an image`,
  );
  progress.say(
    `Training  ${counted(epochs, "epoch")}, ${batchSize === 1 ? "one image at a time" : `batches of ${whole(batchSize)}`}, ` +
      `${optimizer.type}, rate ${short(learningRate)} ${schedule}, seed ${seed}`,
  );
  const { labelSmoothing } = model.loss;
  const { classWeights } = options;
  const ofLoss = [
    ...(labelSmoothing > 0 ? [`label smoothing ${short(labelSmoothing)}`] : []),
    ...(classWeights === undefined
      ? []
      : [`class weights ${classWeights === "balanced" ? classWeights : classWeights.map(short).join(", ")}`]),
  ];
  if (ofLoss.length > 0) progress.say(`Loss      with ${ofLoss.join(" and ")}`);
  const { ema } = options;
  if (ema !== undefined) {
    progress.say(
      `Average   of the weights, ${short(ema)} of itself kept in each step: it is measured and saved`,
    );
  }
  if (options.augment !== undefined) progress.say(`Images    ${describeChanges(options.augment, training)}`);
  const keeping = describeKeeping(options);
  if (keeping !== undefined) progress.say(keeping);
  progress.say(
    `Engine    ${engine.name}, ${engine.adapter ?? counted(engine.threads, "thread")}${engine.strict ? ", strict" : ""}`,
  );
  if (engine.choice) progress.say(`Chosen    ${engine.name}: ${engine.choice.reason}`);
}

/** What is done to images before they are trained on. */
function describeChanges(spec: AugmentSpec, { shape }: Dataset): string {
  const augmentation = resolveAugment(spec, shape);
  return augmentation ? `changed by chance: ${describeAugmentation(augmentation)}` : "as they are";
}

/** What the images that are set aside decide, if anything. */
function describeKeeping({
  validation,
  keep,
  patience,
}: Pick<FitOptions, "validation" | "keep" | "patience">): string | undefined {
  const kept = keep === "best" ? ["keeps the best epoch"] : [];
  const ends =
    patience === undefined ? [] : [`ends after ${counted(patience, "epoch")} without a better one`];
  if (kept.length + ends.length === 0) return undefined;
  const aside = validation === undefined ? ", judged on a tenth of the training images" : "";
  return `Best      ${[...kept, ...ends].join(", ")}${aside}`;
}

/** Which epoch the result is of, and why, where that isn't as usual. */
export function describeEnd(
  { epochs, keptEpoch, stoppedEarly }: History,
  { keep, patience, epochs: all }: Pick<FitOptions, "keep" | "patience" | "epochs">,
): string[] {
  return [
    ...(stoppedEarly
      ? [
          `Ended     after ${epochs.length} of ${all} epochs: ${patience === 1 ? "the last one was" : `the last ${patience} were`} no better`,
        ]
      : []),
    ...(keep === "best"
      ? [
          `Kept      epoch ${keptEpoch}, validation ${significant(epochs[keptEpoch - 1].valLoss ?? Number.NaN)}`,
        ]
      : []),
  ];
}

/** How good the network is before. */
export function describeBefore(
  { accuracy, loss }: Pick<Evaluation, "accuracy" | "loss">,
  { model, trained }: LoadedModel,
  training: Dataset,
): string {
  const isOneOfClasses = !trained && labelsPerImage(training) === 1;
  const guessing = isOneOfClasses ? `; guessing gives ${percent(1 / model.classes.length, 1)}` : "";
  return `Before    ${percent(accuracy, 1)} right, loss ${significant(loss)}${guessing}`;
}

/** That the last batch of each epoch was too short, and so not trained on. */
export function describeLeftOut({ leftOut }: History, { model }: LoadedModel): string {
  const needy = model.layers.find(({ kind, resolved }) => (kind.fewestImages?.(resolved) ?? 1) > leftOut);
  return `Left out  ${counted(leftOut, "image")} of each epoch, in a last batch of ${whole(leftOut)}: ${needy?.name} needs ${whole(model.fewestImages)} or more`;
}

export function showProgress(
  progress: Progress,
  event: Parameters<NonNullable<FitOptions["onProgress"]>>[0],
): void {
  const title = `Epoch ${event.epoch}/${event.epochs}`;
  if (event.type === "step") {
    const { images, imagesPerEpoch, loss, accuracy, imagesPerSecond } = event;
    progress.show({
      title,
      share: images / imagesPerEpoch,
      details: [
        `loss ${significant(loss)}`,
        percent(accuracy, 1),
        `${whole(imagesPerSecond)} images/s`,
        `ETA ${clock((imagesPerEpoch - images) / imagesPerSecond)}`,
      ],
    });
    return;
  }
  if (event.type === "died") {
    progress.say(event.death.message);
    return;
  }
  const { loss, accuracy, valLoss, valAccuracy, seconds, imagesPerSecond } = event.record;
  const rest =
    valLoss === null || valAccuracy === null
      ? `${duration(seconds)}, ${whole(imagesPerSecond)} images/s`
      : `validation ${significant(valLoss)}, ${percent(valAccuracy)}  ${duration(seconds)}`; // all of it is over 80 columns
  progress.say(`${title.padEnd(9)} loss ${significant(loss)}, ${percent(accuracy)} right  ${rest}`);
}
