import type { GivenTensor } from "./run.js";
import type { Value } from "./value.js";

/*
 * A file is read in hundreds of ways, and each reading tried with hundreds of mistakes, but most of what is computed on the way
 * is the same again: the same step on the same numbers. It is remembered, by the step and by which arrays went in.
 */

/** No more numbers than this are kept; then all are forgotten. */
const MOST_NUMBERS = 4_000_000;

interface KnownStep {
  /** What it reads, in its order. */
  readonly sources: readonly string[];
  /** What it gave, by which arrays went in. */
  readonly rough: Map<string, Value>;
  readonly exact: Map<string, Value>;
}

export class Memory {
  readonly #given = new Map<string, GivenTensor>();
  readonly #steps = new Map<string, KnownStep>();
  /** Arrays by what they are for and a sum over them, to find one with the same numbers. */
  readonly #alike = new Map<string, Float64Array[]>();
  readonly #numbers = new WeakMap<object, number>();
  #count = 0;
  #held = 0;

  /** An array of the file in one order: made once, and the same object ever after. */
  given(key: string, make: () => GivenTensor): GivenTensor {
    const found = this.#given.get(key) ?? make();
    this.#given.set(key, found);
    return found;
  }

  /**
   * What a step gives, computed only where the same arrays haven't gone into it before.
   * @param step says which step it is: everything that it depends on but the arrays that it reads
   * @param rough whether it is computed without rounding errors
   * @param identity of an array that it reads, by name: the object that stands for its numbers
   * @param compute says what it has read, in order
   */
  recall(
    step: string,
    rough: boolean,
    identity: (name: string) => object,
    compute: () => { readonly value: Value; readonly read: readonly string[] },
  ): Value {
    const known = this.#steps.get(step);
    const found = known && (rough ? known.rough : known.exact).get(this.#key(known.sources, identity));
    if (found) return found;
    const { value, read } = compute();
    const { sources, ...results } = known ?? { sources: read, rough: new Map(), exact: new Map() };
    if (sources.join() !== read.join()) return value; // which arrays it reads depends on more than we know
    this.#hold(value.data.length + value.variance.length);
    this.#steps.set(step, { sources, ...results });
    (rough ? results.rough : results.exact).set(this.#key(read, identity), value);
    return value;
  }

  /** The same numbers, as an array that was seen before for the same purpose if there is one. */
  seen(purpose: string, data: Float64Array): Float64Array {
    let sum = 0;
    for (let k = 0; k < data.length; k++) sum += data[k] * (1 + (k & 7));
    const key = `${purpose} ${data.length} ${sum}`;
    const alike = this.#alike.get(key) ?? [];
    const found = alike.find((other) => other.every((value, k) => Object.is(value, data[k])));
    if (found) return found;
    this.#hold(data.length);
    this.#alike.set(key, [...alike, data]);
    return data;
  }

  #key(sources: readonly string[], identity: (name: string) => object): string {
    return sources.reduce((key, name) => `${key} ${this.#numberOf(identity(name))}`, "");
  }

  #numberOf(one: object): number {
    const number = this.#numbers.get(one) ?? ++this.#count;
    this.#numbers.set(one, number);
    return number;
  }

  #hold(count: number): void {
    this.#held += count;
    if (this.#held <= MOST_NUMBERS) return;
    this.#steps.clear();
    this.#alike.clear();
    this.#held = count;
  }
}
