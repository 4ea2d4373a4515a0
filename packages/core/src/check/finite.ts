import type { RawArray } from "./layoutOfArrays.js";
import { parameterNamesOf } from "./network.js";
import type { Run } from "./run.js";

/* Where numbers end: NaN and infinity spread to everything behind them, and there nothing can be said. */

export interface NotFinite {
  /** The first array whose own numbers are none, although those that it is computed from are. */
  readonly first: string | undefined;
  /** The arrays that can't be judged, because they are computed from such numbers, or hold some themselves. */
  readonly lost: ReadonlySet<string>;
}

/** Looks for the first array that isn't finite. A loss that is infinite because a probability is 0 is what it should be. */
export function findNotFinite(raw: ReadonlyMap<string, RawArray>, run: Run): NotFinite {
  const odd = new Set<string>();
  for (const [name, { array }] of raw) if (!array.data.every(Number.isFinite)) odd.add(name);
  if (odd.size === 0) return { first: undefined, lost: new Set() };
  const found = new Map<string, boolean>();
  const isLost = (name: string): boolean => {
    const before = found.get(name);
    if (before !== undefined) return before;
    found.set(name, false); // an array that depends on itself isn't found by that
    const now = run.sources(name).some((source) => odd.has(source) || isLost(source));
    found.set(name, now);
    return now;
  };
  const { network } = run;
  const inputs = ["x", ...parameterNamesOf(network), "lr"];
  const computed = [...network.shapes.keys()];
  const isRight = (name: string) => name === "loss" && isInfiniteRightly(run);
  const first =
    inputs.find((name) => odd.has(name)) ??
    computed.find((name) => odd.has(name) && !isLost(name) && !isRight(name));
  const lost = computed.filter(
    (name) => name !== first && (isLost(name) || (odd.has(name) && !isRight(name))),
  );
  return { first, lost: new Set(lost) };
}

/** Whether the loss is infinite, and follows from the probabilities so. */
export function isInfiniteRightly(run: Run): boolean {
  const given = run.given.get("loss")?.tensor.data[0];
  return given === Infinity && run.expected("loss")?.some(({ data }) => data[0] === Infinity) === true;
}
