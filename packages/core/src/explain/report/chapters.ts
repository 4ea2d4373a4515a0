import type { ModelLayer } from "../../graph/model.js";
import type { layerKinds } from "../../layers/index.js";
import { backwardFacts, type Chapter, forwardFacts, type LayerChapters } from "./chapter.js";
import { anyLayerChapters } from "./layers/anyLayer.js";
import { conv2dChapters } from "./layers/conv2d.js";
import { denseChapters } from "./layers/dense.js";
import { flattenChapters } from "./layers/flatten.js";
import { maxPool2dChapters } from "./layers/maxPool2d.js";
import { reluChapters } from "./layers/relu.js";
import { costChapter } from "./parts/cost.js";
import { differenceChapter } from "./parts/difference.js";
import { inputChapter } from "./parts/input.js";
import { lossChapter } from "./parts/loss.js";
import { softmaxChapter } from "./parts/softmax.js";
import { updateChapter } from "./parts/update.js";
import { placesOf, type Story } from "./story.js";

/** Kinds of layers that have more to tell than can be told of any layer. */
const layerChapters: Partial<Record<keyof typeof layerKinds, LayerChapters>> = {
  conv2d: conv2dChapters,
  relu: reluChapters,
  maxPool2d: maxPool2dChapters,
  flatten: flattenChapters,
  dense: denseChapters,
};

/** The way forward, in order. */
export function forwardChapters(story: Story): Chapter[] {
  const layers = placesOf(story).map(
    (place): Chapter => ({
      id: place.layer.name,
      name: place.layer.name,
      direction: "forward",
      facts: forwardFacts(story, place.layer),
      ...chaptersOf(place.layer).forward(place),
    }),
  );
  return [inputChapter(story), ...layers, softmaxChapter(story), lossChapter(story)];
}

/** The way back, in the order in which it is gone. */
export function backwardChapters(story: Story): Chapter[] {
  const layers = placesOf(story)
    .reverse()
    .map(
      (place): Chapter => ({
        id: `grad-${place.layer.name}`,
        name: place.layer.name,
        direction: "backward",
        facts: backwardFacts(story, place.layer),
        ...chaptersOf(place.layer).backward(place),
      }),
    );
  return [differenceChapter(story), ...layers];
}

/** What is done with the gradients, and what all this took. */
export function lastChapters(story: Story): Chapter[] {
  return [updateChapter(story), costChapter(story)];
}

function chaptersOf({ spec }: ModelLayer): LayerChapters {
  return layerChapters[spec.type] ?? anyLayerChapters;
}
