import { countOf, type Dataset, InputError, labelsPerImage, type Model, printable } from "unravel-cnn";

/**
 * Labelled pictures with a network's classes, in its order: folders tell classes by name, and may lack some of them.
 * @throws InputError if a class is none of the network's
 */
export function inClassesOf({ classes }: Model, data: Dataset): Dataset {
  if (data.classes.every((name, k) => classes[k] === name)) return { ...data, classes };
  const places = data.classes.map((name) => classes.indexOf(name));
  const each = labelsPerImage(data);
  const isShown = (k: number) =>
    each === 1
      ? data.labels.includes(k)
      : data.labels.some((label, place) => label === 1 && place % each === k);
  const unknown = data.classes.filter((_, k) => places[k] < 0 && isShown(k));
  if (unknown.length > 0) {
    const shown = (names: readonly string[]) =>
      `${names.slice(0, 5).map(printable).join(", ")}${names.length > 5 ? ", ..." : ""}`;
    throw new InputError(
      `${data.name} has pictures of ${shown(unknown)}, which the model doesn't know; its classes are ${shown(classes)}.`,
    );
  }
  if (each === 1) return { ...data, classes, labels: Uint8Array.from(data.labels, (label) => places[label]) };
  const labels = new Uint8Array(countOf(data) * classes.length);
  for (const [place, label] of data.labels.entries()) {
    const own = places[place % each];
    if (own >= 0) labels[Math.floor(place / each) * classes.length + own] = label;
  }
  return { ...data, classes, labels };
}
