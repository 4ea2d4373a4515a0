import { permutation, randomStream } from "unravel-cnn";
import { known } from "../known.js";
import type { Labelled } from "./folders.js";

/** So many of the pictures are set aside for testing. */
const TEST_SHARE = 0.2;

/** A fifth of each class, at least one and not all, drawn by the seed; with several labels at once, a fifth of all. */
export function setAside(images: readonly Labelled[], several: boolean, seed: number): Labelled[] {
  const order = permutation(images.length, randomStream(seed, "test"));
  const drawn = Array.from(order, (k) => images[k]);
  return several ? ofAll(drawn) : ofEachClass(drawn);
}

function ofEachClass(drawn: readonly Labelled[]): Labelled[] {
  const left = new Map(
    Array.from(picturesOfEach(drawn), ([label, count]) => [
      label,
      Math.min(count - 1, Math.max(1, Math.round(TEST_SHARE * count))),
    ]),
  );
  return drawn.filter(({ labels: [label] }) => {
    const wanted = known(left.get(label));
    left.set(label, wanted - 1);
    return wanted > 0;
  });
}

/** A class's last picture stays for training. */
function ofAll(drawn: readonly Labelled[]): Labelled[] {
  const left = picturesOfEach(drawn);
  const wanted = Math.max(1, Math.round(TEST_SHARE * drawn.length));
  const chosen: Labelled[] = [];
  for (const image of drawn) {
    if (chosen.length === wanted) break;
    if (image.labels.some((label) => left.get(label) === 1)) continue;
    for (const label of image.labels) left.set(label, known(left.get(label)) - 1);
    chosen.push(image);
  }
  return chosen;
}

/** How many pictures show a class. */
export function picturesOfEach(images: readonly Labelled[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { labels } of images) {
    for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}
