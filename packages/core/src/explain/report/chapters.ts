import type { ModelLayer } from "../../graph/model.js";
import type { layerKinds } from "../../layers/index.js";
import { backwardFacts, type Chapter, forwardFacts, type LayerChapters } from "./chapter.js";
import { backwardTelling, forwardTelling } from "./layers/anyLayer.js";
import { batchNormChapters } from "./layers/batchNorm.js";
import { conv2dChapters } from "./layers/conv2d.js";
import { denseChapters } from "./layers/dense.js";
import { flattenChapters } from "./layers/flatten.js";
import { maxPool2dChapters } from "./layers/maxPool2d.js";
import { reluChapters } from "./layers/relu.js";
import { binaryGradientChapter, binaryLossChapter, sigmoidChapter } from "./parts/binaryCrossEntropy.js";
import { collectedPart } from "./parts/collected.js";
import { costChapter } from "./parts/cost.js";
import { differenceChapter } from "./parts/difference.js";
import { inputChapter } from "./parts/input.js";
import { lossChapter } from "./parts/loss.js";
import { softmaxChapter } from "./parts/softmax.js";
import { squaredErrorChapter, squaredErrorGradientChapter } from "./parts/squaredError.js";
import { updateChapter } from "./parts/update.js";
import { placesOf, type Story } from "./story.js";

/** What kinds of layers tell in their own way. Any other is told of, too, from its words and its terms. */
const ownChapters: Partial<Record<keyof typeof layerKinds, LayerChapters>> = {
  conv2d: conv2dChapters,
  batchNorm2d: batchNormChapters,
  batchNorm1d: batchNormChapters,
  relu: reluChapters,
  maxPool2d: maxPool2dChapters,
  flatten: flattenChapters,
  dense: denseChapters,
};

interface LossChapters {
  readonly forward: readonly ((story: Story) => Chapter)[];
  readonly backward: (story: Story) => Chapter;
}

/** What is told of losses, by their types. */
const lossChapters: Readonly<Record<string, LossChapters>> = {
  softmaxCrossEntropy: { forward: [softmaxChapter, lossChapter], backward: differenceChapter },
  meanSquaredError: { forward: [squaredErrorChapter], backward: squaredErrorGradientChapter },
  binaryCrossEntropy: { forward: [sigmoidChapter, binaryLossChapter], backward: binaryGradientChapter },
};

/** The way forward, in order. */
export function forwardChapters(story: Story): Chapter[] {
  const layers = placesOf(story).map((place): Chapter => {
    const { layer } = place;
    return {
      ...headOf(layer),
      id: layer.name,
      direction: "forward",
      facts: forwardFacts(story, layer),
      ...forwardTelling(place, ownChapters[layer.spec.type]?.forward?.(place)),
    };
  });
  return [inputChapter(story), ...layers, ...lossChaptersOf(story).forward.map((chapter) => chapter(story))];
}

/** The way back, in the order in which it is gone. */
export function backwardChapters(story: Story): Chapter[] {
  const layers = placesOf(story)
    .reverse()
    .map((place): Chapter => {
      const { layer, output } = place;
      const collected = collectedPart(story, output);
      const { body, ...telling } = backwardTelling(place, ownChapters[layer.spec.type]?.backward?.(place));
      const firstOfImage = story.trace.model.uses.get("x")?.[0].layer === layer;
      return {
        ...headOf(layer),
        id: `grad-${layer.name}`,
        direction: "backward",
        facts: backwardFacts(story, layer),
        ...telling,
        // the image has no chapter on the way back: its gradient is complete after the first layer that takes it
        body: [collected, body, firstOfImage && collectedPart(story, "x")],
      };
    });
  return [lossChaptersOf(story).backward(story), ...layers];
}

const lossChaptersOf = ({ trace }: Story) => lossChapters[trace.model.loss.type];

function headOf({ name, kind, resolved }: ModelLayer): Pick<Chapter, "name" | "kind"> {
  return { name, kind: kind.words(resolved).kind };
}

/** What is done with the gradients, and what all this took. */
export function lastChapters(story: Story): Chapter[] {
  return [updateChapter(story), costChapter(story)];
}
