import { type ClassQuality, printable } from "unravel-cnn";
import { percent, whole } from "./numbers.js";
import { table } from "./table.js";

/** More classes than this are not all shown. */
const MOST_SHOWN = 20;

/** Precision, recall and F1 of each class as lines of text; of many classes, of those with the lowest F1. */
export function formatQualities(qualities: readonly ClassQuality[], classes: readonly string[]): string[] {
  const all = qualities.map((quality, k) => ({ ...quality, name: printable(classes[k]) }));
  const shown =
    all.length <= MOST_SHOWN
      ? all
      : all
          .filter(({ images }) => images > 0)
          .sort((a, b) => (a.f1 ?? 0) - (b.f1 ?? 0))
          .slice(0, MOST_SHOWN);
  const share = (value: number | null) => (value === null ? "-" : percent(value, 1));
  const rows = shown.map(({ name, images, precision, recall, f1 }) => [
    name,
    whole(images),
    share(precision),
    share(recall),
    share(f1),
  ]);
  const title =
    all.length <= MOST_SHOWN ? [] : [`The ${shown.length} classes with the lowest F1, of ${all.length}:`];
  return [
    ...title,
    ...table([["class", "images", "precision", "recall", "F1"], ...rows], [false, true, true, true, true]),
  ];
}
