import { InputError, type Shape, type Tensor } from "unravel-cnn";
import type { KerasLayer } from "./config.js";
import { member, told } from "./json.js";
import { expectShape, type Network, type Value } from "./network.js";

/* What a row of the table of layers gets: a layer's config, looked at, its weights, and the network that it is added to. */

/** How deep numbers for each channel may lie: [[[[r, g, b]]]]. */
const DEEPEST_LIST = 3;

/** The weights of a file, whichever way it names them. */
export interface WeightSource {
  /**
   * A layer's tensors.
   * @param names of each, in the order in which Keras makes them: what it may be called
   * @returns undefined for each that isn't there
   */
  of(
    layer: KerasLayer,
    names: readonly (readonly string[])[],
  ): readonly ({ readonly values: Tensor; readonly from: string } | undefined)[];
}

export interface NamedWeight {
  readonly values: Tensor;
  /** What the file calls it. */
  readonly from: string;
}

export class Given {
  readonly layer: KerasLayer;
  readonly network: Network;
  /** Whether it gives the network's output. */
  readonly isOutput: boolean;
  /** Whether images have their channels first. */
  readonly channelsFirst: boolean;
  /** A layer of this name at the start scales pixels, if this library wrote the file. */
  readonly pixelsLayer: string | undefined;
  readonly #weights: WeightSource;

  constructor(
    layer: KerasLayer,
    network: Network,
    weights: WeightSource,
    place: { isOutput: boolean; channelsFirst: boolean; pixelsLayer: string | undefined },
  ) {
    this.layer = layer;
    this.network = network;
    this.#weights = weights;
    this.isOutput = place.isOutput;
    this.channelsFirst = place.channelsFirst;
    this.pixelsLayer = place.pixelsLayer;
  }

  /** For a layer that stands in another's config: an activation that is a layer itself. */
  with(config: unknown): Given {
    const layer = { ...this.layer, config: (config ?? {}) as KerasLayer["config"] };
    return new Given(layer, this.network, this.#weights, this);
  }

  fail(problem: string): never {
    throw new InputError(problem);
  }

  option(key: string): unknown {
    return member(this.layer.config, key) ?? undefined;
  }

  number(key: string, usual: number): number {
    const value = this.option(key) ?? usual;
    return typeof value === "number" && Number.isFinite(value)
      ? value
      : this.fail(`its ${key} must be a number, not ${told(value)}`);
  }

  /** One number for each channel, or one for all of them, perhaps in lists of one. */
  numbers(key: string, channels: number, usual?: number): number[] {
    const value = this.option(key) ?? usual;
    const listed = Array.isArray(value) ? value.flat(DEEPEST_LIST) : [value];
    const each = listed.length === 1 ? Array(channels).fill(listed[0]) : listed;
    return each.length === channels && each.every((one) => typeof one === "number" && Number.isFinite(one))
      ? each
      : this.fail(`its ${key} is ${told(value)}, not a number or one for each channel`);
  }

  flag(key: string, usual: boolean): boolean {
    const value = this.option(key) ?? usual;
    return typeof value === "boolean"
      ? value
      : this.fail(`its ${key} must be true or false, not ${told(value)}`);
  }

  /** A whole number of at least 1. */
  count(key: string, usual?: number): number {
    return this.#whole(key, this.option(key) ?? usual, 1);
  }

  /** One number for both directions, or one for each. */
  pair(key: string, usual?: unknown): [number, number] {
    const value = this.option(key) ?? usual;
    const [vertical, horizontal] = Array.isArray(value) && value.length === 2 ? value : [value, value];
    return [this.#whole(key, vertical, 1), this.#whole(key, horizontal, 1)];
  }

  #whole(key: string, value: unknown, smallest: number): number {
    return typeof value === "number" && Number.isSafeInteger(value) && value >= smallest
      ? value
      : this.fail(`its ${key} must be whole, of at least ${smallest}, not ${told(value)}`);
  }

  /** `padding` of ZeroPadding2D: one number, [vertical, horizontal] or [[top, bottom], [left, right]]. */
  sides(): [number, number, number, number] {
    const value = this.option("padding") ?? 1;
    const [vertical, horizontal] = Array.isArray(value) && value.length === 2 ? value : [value, value];
    const both = (each: unknown) => (Array.isArray(each) && each.length === 2 ? each : [each, each]);
    const [top, bottom, left, right] = [both(vertical), both(horizontal)].flat();
    return [top, right, bottom, left].map((side) => this.#whole("padding", side, 0)) as [
      number,
      number,
      number,
      number,
    ];
  }

  /** Looks whether an axis is the one of the channels. */
  channelAxis(key: string, rank: number): void {
    const given = this.option(key) ?? -1;
    const axis = Array.isArray(given) && given.length === 1 ? given[0] : given;
    const wanted = rank === 3 && this.channelsFirst ? 1 : rank;
    if (axis !== wanted && axis !== wanted - (rank + 1))
      this.fail(`its ${key} is ${told(given)}, but the channels' is ${wanted}, and no other can be taken`);
  }

  /** Refuses an option unless it is as usual. */
  only(key: string, ...allowed: readonly unknown[]): void {
    const value = this.option(key);
    if (value !== undefined && !allowed.includes(value))
      this.fail(`its ${key} is ${told(value)}, which can't be taken`);
  }

  /** @throws InputError if one is missing or has another shape */
  weights(...wanted: readonly { readonly names: readonly string[]; readonly shape: Shape }[]): NamedWeight[] {
    const found = this.#weights.of(
      this.layer,
      wanted.map(({ names }) => names),
    );
    return wanted.map(({ names, shape }, k) => {
      const one = found[k];
      if (one === undefined) return this.fail(`the file has no weights ${told(names[0])} for it`);
      expectShape(one.values, shape, one.from);
      return one;
    });
  }

  /** A layer that stays out. */
  remark(text: string): void {
    this.network.remarks.add(text);
  }

  image(value: Value): readonly [number, number, number] {
    if (value.shape.length !== 3)
      return this.fail(`it needs images, but ${told(value.shape)} numbers come in a row`);
    return value.shape as unknown as [number, number, number];
  }

  row(value: Value): number {
    if (value.shape.length !== 1)
      return this.fail(
        "it gets images, and would work on each pixel by itself; put a Flatten layer before it",
      );
    return value.shape[0];
  }
}

/** How a layer of Keras becomes one, several or none of ours. */
export interface Row {
  /** What of an input it takes besides numbers that a layer gave: what lies around it, images turned, steps of a function. Others refuse that. */
  readonly takes?: readonly ("pad" | "turned" | "around" | "frame" | "curve")[];
  readonly several?: true;
  readonly read: (given: Given, input: Value, ...others: readonly Value[]) => Value;
}
