import type { Tensor } from "../tensor.js";
import type { Reading } from "./layoutOfArrays.js";
import { fittingOrders, inOrder } from "./layouts.js";
import type { Run } from "./run.js";
import { type Comparison, compareValues, type Value } from "./value.js";

/** How one of the person's arrays compares in a run. */
export interface Status {
  /** undefined: not given, or it can't be said what it should be. */
  readonly comparison: Comparison | undefined;
  /** Whether its shape can't be the right one. */
  readonly misfit: boolean;
  readonly right: Value | undefined;
}

const statuses = new WeakMap<Reading, WeakMap<Run, Map<string, Status>>>();

/** Compares an array with what it should be in `run`: with each way that is right, and the nearest counts. */
export function statusOf(reading: Reading, run: Run, name: string): Status {
  const origin = run.originOf(name);
  const ofReading = statuses.get(reading) ?? new WeakMap<Run, Map<string, Status>>();
  statuses.set(reading, ofReading);
  const known = ofReading.get(origin) ?? new Map<string, Status>();
  ofReading.set(origin, known);
  const status = known.get(name) ?? compare(reading, origin, name);
  known.set(name, status);
  return status;
}

function compare({ raw, run: base, notFinite }: Reading, run: Run, name: string): Status {
  const array = raw.get(name);
  const rights = array && !notFinite.lost.has(name) ? run.saved(name) : undefined;
  if (!array || !rights) return { comparison: undefined, misfit: false, right: undefined };
  if (name === notFinite.first && run === base) {
    const worst = array.array.data.findIndex((value) => !Number.isFinite(value));
    const comparison = { agrees: false, relativeError: Infinity, largest: 0, worst };
    return { comparison, misfit: false, right: rights[0] };
  }
  const given = base.given.get(name);
  let best: Status | undefined;
  for (const right of rights) {
    for (const tensor of candidatesFor(right)) {
      const comparison = compareValues(tensor, right, array.held, run.working);
      const better = !best?.comparison || rank(comparison) < rank(best.comparison);
      if (better) best = { comparison, misfit: false, right };
    }
  }
  if (best) return best;
  const largest = rights[0].data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const misfit = { agrees: false, relativeError: Infinity, largest, worst: 0 };
  return { comparison: misfit, misfit: true, right: rights[0] };

  /** The person's numbers in every order that the shape allows. */
  function* candidatesFor(right: Value): Iterable<Tensor> {
    if (given && given.tensor.shape.join() === right.shape.join()) {
      yield given.tensor;
    } else if (array && !array.layout) {
      for (const order of fittingOrders(name, right.shape, array.array.shape)) {
        if (base.network.shapes.get(name)?.join() !== right.shape.join()) {
          yield inOrder(array.array.data, right.shape, { order });
        }
      }
    }
  }
}

function rank({ agrees, relativeError }: Comparison): number {
  return agrees ? -1 / (1 + relativeError) : relativeError;
}

/** The names of the arrays that are given and right, and of those that are given and wrong. */
export function sortArrays(reading: Reading, run: Run): { right: string[]; wrong: string[] } {
  const right: string[] = [];
  const wrong: string[] = [];
  for (const name of reading.network.shapes.keys()) {
    const { comparison } = statusOf(reading, run, name);
    if (comparison) (comparison.agrees ? right : wrong).push(name);
  }
  return { right, wrong };
}
