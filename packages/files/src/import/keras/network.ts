import {
  type AnyLayerSpec,
  InputError,
  type LossSpec,
  type NamedTensors,
  type Shape,
  type Tensor,
  tensor,
  textbook,
} from "unravel-cnn";
import type { Numbers } from "../curves.js";
import type { ImportedModel } from "../format.js";
import { told } from "./json.js";

/*
 * The network as it grows here, layer by layer of Keras. Images lie there [height, width, channels], here [channels, height,
 * width]: shapes are ours throughout, and only a row that was an image has to remember in which order it was written.
 */

/** Empty rows and columns around an image. */
export type Sides = readonly [top: number, right: number, bottom: number, left: number];

/** What a layer gave. */
export interface Value {
  /** Our name of the layer, or `x`. */
  readonly name: string;
  /** `[channels, height, width]` or `[count]`. */
  readonly shape: Shape;
  /** Of a row: where each of its numbers stands in Keras's; undefined: in the same place. */
  readonly order?: Uint32Array;
  /** Zeros around it that the next layer has to add. */
  readonly pad?: Sides;
  /** What the next layer has to see around it instead of zeros. */
  readonly around?: number;
  /** Instead of what a layer gave: pictures that are one number inside, and where `pad` is another. */
  readonly frame?: { readonly inside: number; readonly around: number };
  /** What was made of each number since the layer gave it, as long as it isn't known which layer does that: of each of `PLACES`. */
  readonly curve?: Numbers;
  /** Whether Keras has turned it to [channels, height, width], for a flatten layer. */
  readonly turned?: true;
  /** Whether it is the network's input, as it comes. */
  readonly raw?: true;
  /** Whether no number can be below 0. */
  readonly nonNegative?: boolean;
}

/** What pixels are made into by layers at the start: each times `scale`, plus `offset`, per channel. */
export interface Scaling {
  /** What a white pixel is before these layers. */
  readonly white: 1 | 255;
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** As many numbers as the rows behind all flatten layers may have together. */
const MOST_ORDERED = 2 ** 25;

export class Network {
  readonly specs: AnyLayerSpec[] = [];
  readonly parameters: NamedTensors = {};
  readonly table: ImportedModel["table"][number][] = [];
  readonly remarks = new Set<string>();
  loss: LossSpec | undefined;
  scaling: Scaling | undefined;
  #ordered = 0;
  readonly #counts = new Map<string, number>();
  #last = "x";

  /** Adds a layer. Its shape follows from the textbook. @throws InputError, no sentence yet, if it can't take its inputs */
  add(spec: AnyLayerSpec, ...inputs: readonly Value[]): Value {
    const { prefix, takesSeveral, resolve } = textbook[spec.type];
    const count = (this.#counts.get(prefix) ?? 0) + 1;
    const [first, ...others] = inputs.map(({ shape }) => shape);
    const { from: _from, ...options } = spec;
    const { outputShape } = resolve(options as never, first, ...others);
    const from = takesSeveral
      ? { from: inputs.map(({ name }) => name) }
      : inputs[0].name === this.#last
        ? {}
        : { from: inputs[0].name };
    this.specs.push({ ...spec, ...from } as AnyLayerSpec);
    this.#counts.set(prefix, count);
    this.#last = `${prefix}${count}`;
    return { name: this.#last, shape: outputShape };
  }

  /**
   * An order for a row, to be filled. A config of a few bytes can name any number of large ones, so they are counted.
   * @throws InputError if all together would be too large
   */
  newOrder(count: number): Uint32Array {
    this.#ordered += count;
    if (this.#ordered > MOST_ORDERED)
      throw new InputError(
        `its rows of numbers that were images are longer than the limit of ${MOST_ORDERED.toLocaleString("en-US")} together`,
      );
    return new Uint32Array(count);
  }

  /** Gives a layer a parameter. */
  put(layer: Value, name: string, values: Tensor, from: string, how: string): void {
    const to = `${layer.name}.${name}`;
    this.parameters[to] = values;
    this.table.push({ to, from, how });
  }

  /**
   * Makes two units of the last layer's one, whose sigmoid is the probability of the second class: with scores 0 and z, softmax gives
   * just that.
   */
  twoClasses(layer: Value): Value | undefined {
    const spec = this.specs[this.specs.length - 1];
    if (layer.name !== this.#last || spec.type !== "dense") return undefined;
    this.specs[this.specs.length - 1] = { ...spec, type: "dense", units: 2, bias: true };
    const [weight, bias] = [`${layer.name}.weight`, `${layer.name}.bias`];
    const { shape, data } = this.parameters[weight];
    this.parameters[weight] = tensor([2, shape[1]], [...new Float32Array(shape[1]), ...data]);
    if (this.parameters[bias] === undefined) this.table.push({ to: bias, from: "none", how: "0" });
    this.parameters[bias] = tensor([2], [0, this.parameters[bias]?.data[0] ?? 0]);
    return { ...layer, shape: [2] };
  }
}

/** A window's options as one would write them: those that are as usual left out. */
export function plainWindow<Options extends object>(
  options: Options,
  stride: readonly number[] = [1, 1],
): Options {
  const usual: Record<string, unknown> = {
    stride,
    dilation: [1, 1],
    padding: [0, 0, 0, 0],
    groups: 1,
    bias: true,
  };
  const entries = Object.entries(options).filter(([key, value]) => String(value) !== String(usual[key]));
  const short = (value: unknown) =>
    Array.isArray(value) && value.every((one) => one === value[0]) ? value[0] : value;
  return Object.fromEntries(entries.map(([key, value]) => [key, short(value)])) as Options;
}

/** A tensor with its dimensions in another order. @param axes of each new dimension, which old one it is */
export function transposed({ shape, data }: Tensor, axes: readonly number[]): Tensor {
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((product, size) => product * size, 1));
  const [to, steps] = [axes.map((axis) => shape[axis]), axes.map((axis) => strides[axis])];
  const values = new Float32Array(data.length);
  const last = to.length - 1;
  const index = new Array<number>(to.length).fill(0);
  for (let k = 0, row = 0; k < values.length; ) {
    for (let j = 0, from = row; j < to[last]; j++, from += steps[last]) values[k++] = data[from];
    for (let d = last - 1; d >= 0; d--) {
      row += steps[d];
      if (++index[d] < to[d]) break;
      row -= steps[d] * to[d];
      index[d] = 0;
    }
  }
  return { shape: to, data: values };
}

/** Where the numbers of an image [C, H, W], one after the other, stand if channels come last; undefined: in the same places. */
export function channelsLastOrder(network: Network, [C, H, W]: Shape): Uint32Array | undefined {
  if (C === 1 || H * W === 1) return undefined;
  const order = network.newOrder(C * H * W);
  for (let k = 0; k < order.length; k++) order[k] = (k % (H * W)) * C + Math.floor(k / (H * W));
  return order;
}

/** The numbers of a row in our order. */
export function inOrder({ shape, data }: Tensor, order: Uint32Array | undefined): Tensor {
  return order === undefined
    ? { shape, data }
    : tensor(
        shape,
        Array.from(order, (there) => data[there]),
      );
}

/** @throws InputError unless a tensor has this shape */
export function expectShape({ shape }: Tensor, wanted: Shape, from: string): void {
  if (String(shape) === String(wanted)) return;
  throw new InputError(`its weights ${told(from)} have the shape ${told(shape)} instead of ${told(wanted)}`);
}
