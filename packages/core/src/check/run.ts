import { known } from "../known.js";
import type { Shape, Tensor } from "../tensor.js";
import { Memory } from "./memory.js";
import type { CheckedNetwork } from "./network.js";
import { doubles, inDoubles, type Precision, roundedValue, shareOf, type Value } from "./value.js";

/** An array of the person's, in the library's order. */
export interface GivenTensor {
  readonly tensor: Tensor;
  readonly held: Precision;
}

/** How an array is computed; there can be several ways that are right. */
export type Step = (run: Run) => Value;
export type Steps = ReadonlyMap<string, readonly Step[]>;

/**
 * An array computed with a mistake. `right` gives what it would be without.
 * @throws MissingArray if it needs one that there is not
 */
export type Change = (run: Run, right: () => Tensor) => Tensor;

/** What a mistake does. */
export interface Variation {
  /** To the computation. */
  readonly changes: Readonly<Record<string, Change>>;
  /** To what was saved alone: arrays that were overwritten after the computation had gone on from them. */
  readonly shown?: Readonly<Record<string, Change>>;
  /** Arrays whose saved values the computation did not go on from. */
  readonly overwritten?: readonly string[];
  /** What is to be said of it besides, in a sentence: a number that was found, such as the slope of a leaky ReLU. */
  readonly detail?: string;
}

/** The arrays whose saved values the computation did not go on from. */
function overwrittenBy({ shown, overwritten }: Variation): readonly string[] {
  return [...Object.keys(shown ?? {}), ...(overwritten ?? [])];
}

/**
 * Thrown where an array is needed that is neither given nor can be computed. No `Error`: it is always caught, and thrown so often
 * that writing down each time where it came from takes longer than much of what is computed.
 */
export class MissingArray {
  readonly array: string | undefined;

  constructor(array?: string) {
    this.array = array;
  }
}

/**
 * One computation of all arrays, each from the person's own values where these are given, and from ours where not. It is
 * lazy, and takes over from its parent what no change touches.
 */
export class Run {
  readonly network: CheckedNetwork;
  readonly given: ReadonlyMap<string, GivenTensor>;
  readonly working: Precision;
  /** All that was changed, in the order of application. */
  readonly variations: readonly Variation[];
  /** What was changed since the parent. */
  readonly #own: readonly Variation[];
  readonly #steps: Steps;
  readonly #memory: Memory;
  readonly #parent: Run | undefined;
  readonly #overwritten: ReadonlySet<string>;
  readonly #values = new Map<string, readonly Value[] | undefined>();
  readonly #used = new Map<string, ReadonlySet<string>>();
  readonly #touched = new Map<string, boolean>();
  readonly #underWay = new Set<string>();
  #recording: Set<string> | undefined;

  constructor(
    base: Pick<Run, "network" | "given" | "working"> & { steps: Steps; memory?: Memory },
    own: readonly Variation[] = [],
    parent?: Run,
  ) {
    this.network = base.network;
    this.given = base.given;
    this.working = base.working;
    this.#own = own;
    this.variations = [...(parent?.variations ?? []), ...own];
    this.#steps = base.steps;
    this.#memory = base.memory ?? new Memory();
    this.#parent = parent;
    this.#overwritten = new Set(this.variations.flatMap(overwrittenBy));
  }

  /** With mistakes in it, rounding errors are not worked out again: they are taken to be as without. */
  get rough(): boolean {
    return this.#parent !== undefined;
  }

  /** The same computation with more mistakes. */
  with(...variations: readonly Variation[]): Run {
    const { network, given, working } = this;
    return new Run({ network, given, working, steps: this.#steps, memory: this.#memory }, variations, this);
  }

  /** What the computation goes on with: the person's own array if there is one. @throws MissingArray */
  get(name: string): Value {
    this.#recording?.add(name);
    const given = this.#overwritten.has(name) ? undefined : this.given.get(name);
    if (given) return givenValue(given);
    const value = this.expected(name)?.[0];
    // what a mistake gives another shape, nothing can have gone on from
    const shape = this.network.shapes.get(name);
    if (!value || (shape && !sameSize(shape, value.shape))) throw new MissingArray(name);
    return value;
  }

  /** As `get`, without the errors. */
  tensor(name: string): Tensor {
    return this.get(name);
  }

  /** What an array should be, in each way of computing it that is right; undefined if that can't be said. */
  expected(name: string): readonly Value[] | undefined {
    if (this.#parent && !this.touches(name)) return this.#parent.expected(name);
    if (!this.#values.has(name)) {
      if (this.#underWay.has(name)) throw new MissingArray(name); // it would be computed from itself
      this.#underWay.add(name);
      const outer = this.#recording;
      this.#recording = new Set();
      this.#values.set(name, this.#compute(name));
      this.#used.set(name, this.#recording);
      this.#recording = outer;
      this.#underWay.delete(name);
    }
    return this.#values.get(name);
  }

  /**
   * What a step gives, remembered from other runs where the same arrays went in.
   * @param key says all that the step depends on besides the arrays that it reads
   */
  remember(key: string, step: Step): Value {
    const identity = (name: string) => (this.rough ? this.get(name).data : this.get(name));
    return this.#memory.recall(key, this.rough, identity, () => {
      const outer = this.#recording;
      const read = new Set<string>();
      this.#recording = read;
      try {
        return { value: step(this), read: [...read] };
      } finally {
        for (const name of read) outer?.add(name);
        this.#recording = outer;
      }
    });
  }

  /** What the file should show for an array: what it should be, unless it was overwritten before it was saved. */
  saved(name: string): readonly Value[] | undefined {
    const rights = this.expected(name);
    const changes = this.variations.flatMap(({ shown }) => shown?.[name] ?? []);
    if (changes.length === 0 || !rights) return rights;
    const changed = orMissing(() => this.#apply(changes, rights[0]));
    return changed && [withNoiseOf(changed, rights[0], this.working)];
  }

  /** Whether this run's changes reach an array, given the person's own earlier values. */
  touches(name: string): boolean {
    if (!this.#touched.has(name)) {
      this.#touched.set(name, false); // an array that uses itself is not reached through that
      const changed = this.#own.some(
        ({ changes, shown }) => Object.hasOwn(changes, name) || (shown && Object.hasOwn(shown, name)),
      );
      this.#touched.set(name, changed || this.#sourcesOf(name).some((source) => this.#reaches(source)));
    }
    return known(this.#touched.get(name));
  }

  /** The earliest run in which an array is the same as in this one. */
  originOf(name: string): Run {
    return this.#parent && !this.touches(name) ? this.#parent.originOf(name) : this;
  }

  /** The arrays that are computed, not given, on the way to this one, with itself. */
  hiddenSources(name: string, found = new Set<string>()): Set<string> {
    if (found.has(name)) return found;
    found.add(name);
    for (const source of this.#sourcesOf(name)) {
      if (!this.#isGiven(source) && this.#steps.has(source)) this.hiddenSources(source, found);
    }
    return found;
  }

  /** The arrays that this one is computed from, directly. */
  sources(name: string): readonly string[] {
    return this.#sourcesOf(name).filter((source) => source !== name);
  }

  #reaches(source: string): boolean {
    if (this.#own.some((variation) => overwrittenBy(variation).includes(source))) return true;
    return !this.#isGiven(source) && this.touches(source);
  }

  #isGiven(name: string): boolean {
    return this.given.has(name) && !this.#overwritten.has(name);
  }

  /** What the parent read when it computed an array. */
  #sourcesOf(name: string): string[] {
    const run = this.#parent ?? this;
    run.expected(name);
    return [...run.#usedFor(name)];
  }

  #usedFor(name: string): Iterable<string> {
    return this.#used.get(name) ?? (this.#parent ? this.#parent.#usedFor(name) : []);
  }

  #compute(name: string): Value[] | undefined {
    const steps = this.#steps.get(name) ?? [];
    const ways = steps.map((step) => orMissing(() => step(this))).filter((value) => value !== undefined);
    const changes = this.variations.flatMap((variation) => variation.changes[name] ?? []);
    if (changes.length === 0) {
      if (ways.length === 0) return undefined;
      return this.rough ? ways.map((way) => withNoiseOf(way, this.#noiseFor(name), this.working)) : ways;
    }
    const changed = orMissing(() => this.#apply(changes, ways[0]));
    if (!changed) return undefined;
    const data = this.#memory.seen(`${name} ${changed.shape}`, inDoubles(changed.data));
    return [withNoiseOf({ shape: changed.shape, data }, this.#noiseFor(name) ?? ways[0], this.working)];
  }

  /** The value without any mistake, whose rounding errors are known. */
  #noiseFor(name: string): Value | undefined {
    let root: Run = this;
    while (root.#parent) root = root.#parent;
    return root.expected(name)?.[0];
  }

  /** One change after the other; the first is given what is right, if there is that. */
  #apply(changes: readonly Change[], start: Value | undefined): Tensor {
    const right = (): Tensor => {
      if (!start) throw new MissingArray();
      return start;
    };
    return changes.reduce<() => Tensor>((before, change) => () => change(this, before), right)();
  }
}

const values = new WeakMap<GivenTensor, Value>();

function givenValue(given: GivenTensor): Value {
  let value = values.get(given);
  if (!value) {
    value = roundedValue(given.tensor, given.held);
    values.set(given, value);
  }
  return value;
}

function orMissing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof MissingArray) return undefined;
    throw error;
  }
}

/**
 * Numbers that a mistake gives are as uncertain as the right ones, relative to their size. Most of them are only computed
 * with, and never compared: their errors are worked out when they are asked for.
 */
function withNoiseOf(changed: Tensor, right: Value | undefined, working: Precision): Value {
  const { shape } = changed;
  const data = inDoubles(changed.data);
  let variance: Float64Array | undefined;
  return {
    shape,
    data,
    get variance() {
      variance ??= noiseOf({ shape, data }, right, working);
      return variance;
    },
  };
}

function noiseOf(changed: Tensor, right: Value | undefined, working: Precision): Float64Array {
  if (!right) return roundedValue(changed, { ...working, tiny: 0 }).variance;
  const scale = Math.max(1, meanSquare(changed) / (meanSquare(right) || 1) || 1);
  const typical = median(right.variance) * scale;
  const same = sameSize(changed.shape, right.shape);
  const share = 9 * shareOf(working.unit);
  return doubles(changed.data.length, (k) => {
    const value = changed.data[k];
    return Math.max(typical, same ? right.variance[k] * scale : 0) + share * value * value;
  });
}

function sameSize(a: Shape, b: Shape): boolean {
  return a.join() === b.join();
}

function meanSquare({ data }: Tensor): number {
  let sum = 0;
  for (const value of data) if (Number.isFinite(value)) sum += value * value;
  return sum / data.length;
}

const medians = new WeakMap<Float64Array, number>();

function median(values: Float64Array): number {
  const known = medians.get(values);
  if (known !== undefined) return known;
  const result = values.length === 0 ? 0 : values.slice().sort()[values.length >> 1];
  medians.set(values, result);
  return result;
}
