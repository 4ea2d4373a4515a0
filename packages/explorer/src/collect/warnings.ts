import { type CollectedClass, type Collection, keyOf, LEAST_CLASSES, sameName } from "./collection.js";

/*
 * What looks wrong with a collection, and what keeps it from being trained on.
 */

/** The largest class has more than so many times the pictures of the smallest: then the network does well by guessing it. */
export const LOPSIDED = 3;
/** A class with fewer pictures than this is learnt badly. */
export const FEW = 8;
/** Without one picture to train on and one to check, a class can't be learnt. */
export const LEAST_PICTURES = 2;

export type Warning =
  /** `many` has more than `LOPSIDED` times the pictures of `few`. */
  | { readonly kind: "lopsided"; readonly many: CollectedClass; readonly few: CollectedClass }
  /** Two classes whose names a person takes for the same. */
  | { readonly kind: "sameName"; readonly name: string }
  /** So many pictures are in both classes, pixel for pixel. */
  | {
      readonly kind: "samePictures";
      readonly count: number;
      readonly one: CollectedClass;
      readonly other: CollectedClass;
    }
  | { readonly kind: "few"; readonly one: CollectedClass };

/** What a person should look at before training, the worst first. */
export function warningsOf({ classes }: Collection): Warning[] {
  return [...sameNames(classes), ...samePictures(classes), ...lopsided(classes), ...few(classes)];
}

function sameNames(classes: readonly CollectedClass[]): Warning[] {
  const seen = new Set<string>();
  const told = new Set<string>();
  return classes.flatMap(({ name }): Warning[] => {
    const key = sameName(name);
    if (key === "" || told.has(key)) return [];
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    told.add(key);
    return [{ kind: "sameName", name: name.trim() }];
  });
}

function samePictures(classes: readonly CollectedClass[]): Warning[] {
  const first = new Map<string, CollectedClass>();
  const counts = new Map<CollectedClass, Map<CollectedClass, number>>();
  for (const other of classes) {
    for (const key of new Set(other.pictures.map(keyOf))) {
      const one = first.get(key);
      if (!one) first.set(key, other);
      else {
        const row = counts.get(one) ?? new Map();
        counts.set(one, row.set(other, (row.get(other) ?? 0) + 1));
      }
    }
  }
  return [...counts].flatMap(([one, row]) =>
    Array.from(row, ([other, count]) => ({ kind: "samePictures" as const, count, one, other })),
  );
}

/** Classes without any picture are said elsewhere: nothing can be trained before they have some. */
function lopsided(classes: readonly CollectedClass[]): Warning[] {
  const bySize = classes
    .filter(({ pictures }) => pictures.length > 0)
    .sort((a, b) => a.pictures.length - b.pictures.length);
  const [smallest, largest] = [bySize[0], bySize.at(-1)];
  if (!smallest || !largest || largest.pictures.length <= LOPSIDED * smallest.pictures.length) return [];
  return [{ kind: "lopsided", many: largest, few: smallest }];
}

function few(classes: readonly CollectedClass[]): Warning[] {
  const poorest = classes
    .filter(({ pictures: { length } }) => length >= LEAST_PICTURES && length < FEW)
    .sort((a, b) => a.pictures.length - b.pictures.length);
  return poorest.slice(0, 1).map((one) => ({ kind: "few" as const, one }));
}

/** What must be done before it can be trained on. */
export type Obstacle =
  | { readonly kind: "classes"; readonly least: number }
  | { readonly kind: "sameName"; readonly name: string }
  | { readonly kind: "pictures"; readonly one: CollectedClass; readonly least: number };

/** The first thing that keeps a collection from being trained on; undefined: nothing does. */
export function obstacleOf({ classes }: Collection): Obstacle | undefined {
  if (classes.length < LEAST_CLASSES) return { kind: "classes", least: LEAST_CLASSES };
  const poor = classes.find(({ pictures }) => pictures.length < LEAST_PICTURES);
  if (poor) return { kind: "pictures", one: poor, least: LEAST_PICTURES };
  const [same] = sameNames(classes);
  return same?.kind === "sameName" ? { kind: "sameName", name: same.name } : undefined;
}
