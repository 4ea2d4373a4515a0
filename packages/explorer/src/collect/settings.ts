import type { Collected, ImageKind } from "../training/collected.js";
import { defaults, type NamedNetwork, type Settings } from "../training/settings.js";
import type { Collection } from "./collection.js";
import { PICTURE_BYTES, pictureCount } from "./collection.js";

/* How a collection is trained on. */

/** About so many images are looked at in a training: each takes a network longer than the one before. */
const IMAGES_SEEN: Readonly<Record<Settings["network"], number>> = {
  layers: 3000,
  "one-conv": 3000,
  lenet5: 2400,
  resnet: 600,
};
/** Fewer passes leave the network half trained, more change little. */
const LEAST_EPOCHS = 5;
const MOST_EPOCHS = 60;
const BATCH = 16;
/** So many of the pictures are only for checking. */
const CHECKED = 0.15;
/** With fewer pictures all are needed for training. */
const LEAST_TO_CHECK = 12;

/** How many pictures are set aside, of each class its share. */
export function asideOf(pictures: number, classes: number): number {
  return pictures < LEAST_TO_CHECK
    ? 0
    : Math.min(pictures - 1, Math.max(classes, Math.round(CHECKED * pictures)));
}

/** How many pictures there are, how they are shared out, and how often a network sees them. */
export function sharesOf(
  collection: Collection,
  network: Settings["network"],
): Pick<Settings, "data" | "images" | "validation" | "batchSize" | "epochs"> {
  const images = pictureCount(collection);
  const validation = asideOf(images, collection.classes.length);
  const trained = Math.max(1, images - validation);
  return {
    data: "collected",
    images,
    validation,
    batchSize: Math.min(BATCH, trained),
    epochs: Math.min(MOST_EPOCHS, Math.max(LEAST_EPOCHS, Math.ceil(IMAGES_SEEN[network] / trained))),
  };
}

export function settingsFor(collection: Collection, network: NamedNetwork): Settings {
  return { ...defaults, ...sharesOf(collection, network), network, augment: true };
}

/** What the worker that trains is given: all pictures one after the other, class by class. */
export function collectedOf(collection: Collection, kind: ImageKind): Collected {
  const { classes } = collection;
  const pictures = new Uint8Array(pictureCount(collection) * PICTURE_BYTES);
  const labels = new Uint8Array(pictureCount(collection));
  let at = 0;
  for (const [label, one] of classes.entries()) {
    for (const { pixels } of one.pictures) {
      pictures.set(pixels, at * PICTURE_BYTES);
      labels[at++] = label;
    }
  }
  return { kind, classes: classes.map(({ name }) => name.trim()), pictures, labels };
}
