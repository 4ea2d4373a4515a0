import {
  type Cell,
  classesShown,
  type NamedTensors,
  offsetOf,
  type Scale,
  type Shape,
  scaleFor,
  signedScaleFor,
  type Tensor,
  type Trace,
  tensorsOf,
} from "unravel-cnn";
import { withFloor } from "../view/floor.js";
import { cellAt, type Grid, gridOf, type Place, placeOf, plainName, startOf } from "../view/grids.js";
import { lieOf } from "../view/layout.js";
import { PAGE } from "../view/network.js";
import type { Network } from "./network.js";
import { steady } from "./steady.js";

type Shapes = Readonly<Record<string, Shape>>;

/** What is shown: a network, its numbers for a batch of images, and how these lie and are coloured. */
export class Shown {
  #network = $state.raw() as Network;
  #trace = $state.raw() as Trace;
  #tensors = $state.raw() as NamedTensors;
  #shapes = $state.raw() as Shapes;
  /** Which image of the batch is shown. */
  image = $state(0);
  scaling = $state<"layer" | "map">("layer");
  /** How many channels are shown below each other, at most. */
  page = $state(PAGE);
  /** The first channel that is shown, of each group of layers with the same channels. */
  pages = $state.raw<Readonly<Record<string, number>>>({});
  /** A map that is shown as it fills: so many of its cells are there already. */
  revealed = $state.raw<{ readonly tensor: string; readonly plane: number; readonly cells: number }>();

  readonly #steadyShapes = steady<Shapes>();
  readonly #steadyScales = new Map<string, (scale: Scale) => Scale>();
  /** How many images there are. */
  readonly images: number = $derived(this.trace.tensors.x.shape[0]);
  /** The classes that count as right for the image that is shown: one, or with several labels at once several, or none. */
  readonly right: readonly number[] = $derived(
    classesShown(this.trace.labels, this.trace.tensors.probs.shape, this.image),
  );

  /** How tensors of this network lie: the same objects while only numbers change, so that nothing is done anew for them. */
  readonly #grids = $derived.by(() => {
    void this.#model;
    return new Map<string, Grid>();
  });
  readonly #model = $derived(this.network.model);
  /** Scales stay as long as the numbers do: those of parameters while somebody draws. */
  readonly #scales = new WeakMap<Tensor, Map<string, Scale>>();

  /** The network whose numbers are shown. */
  get network(): Network {
    return this.#network;
  }

  /** Its numbers for the images. */
  get trace(): Trace {
    return this.#trace;
  }

  /** All numbers: the trace's tensors, the labels and the loss. */
  get tensors(): NamedTensors {
    return this.#tensors;
  }

  /** How long they are, the same object while only numbers change. */
  get shapes(): Shapes {
    return this.#shapes;
  }

  /**
   * Shows other numbers. What stays (the network, shapes) is set to the object that it was, not derived: what follows from
   * something derived is looked through for changes each time, and while somebody draws, most of the page follows from what stays.
   */
  protected setNumbers(trace: Trace, network: Network): void {
    this.#network = network;
    this.#trace = trace;
    this.#tensors = tensorsOf(trace);
    this.#shapes = this.#steadyShapes(
      Object.fromEntries(Object.entries(this.#tensors).map(([name, { shape }]) => [name, shape])),
    );
  }

  /** Whether it is the network's, not an image's: what is learnt, what layers keep besides, and their gradients. */
  isParameter(tensor: string): boolean {
    return Object.hasOwn(this.network.parameters, plainName(tensor));
  }

  isBatched(tensor: string): boolean {
    return tensor !== "loss" && tensor !== "lr" && !this.isParameter(tensor);
  }

  tensor(name: string): Tensor {
    const { parameters } = this.network;
    return Object.hasOwn(parameters, name) ? parameters[name] : this.tensors[name];
  }

  gridOf(tensor: string): Grid {
    const shape = this.shapes[tensor];
    const key = `${tensor} ${shape[0]}`; // the rest of a shape is the network's
    const grid = this.#grids.get(key) ?? gridOf(this.network.model, tensor, shape);
    this.#grids.set(key, grid);
    return grid;
  }

  placeOf(cell: Cell): Place {
    return placeOf(this.gridOf(cell.tensor), this.shapes[cell.tensor], cell);
  }

  cellAt(tensor: string, place: Place): Cell | undefined {
    return cellAt(tensor, this.gridOf(tensor), this.shapes[tensor], place);
  }

  /** Turns the page of the group that a tensor between layers belongs to, so that a channel can be seen. */
  protected turn(tensor: string, channel: number): void {
    const first = Math.floor(channel / this.page) * this.page;
    const group = lieOf(this.network.model, tensor)?.group;
    if (group !== undefined && first !== (this.pages[group] ?? 0))
      this.pages = { ...this.pages, [group]: first };
  }

  /** The first channel of this tensor between layers that is shown, of so many. */
  firstOf(tensor: string, channels: number): number {
    const { group = "" } = lieOf(this.network.model, tensor) ?? {};
    return Math.min(this.pages[group] ?? 0, channels - 1);
  }

  /** The image whose numbers of this tensor are shown: parameters belong to all. */
  imageFor(tensor: string): number {
    return this.isBatched(tensor) ? this.image : 0;
  }

  /** The numbers of one picture, `[rows, columns]`. */
  planeOf(tensor: string, plane: number): Tensor["data"] {
    const grid = this.gridOf(tensor);
    const start = startOf(grid, this.imageFor(tensor), plane);
    return this.tensor(tensor).data.subarray(start, start + grid.cells);
  }

  /** How many numbers of a picture are shown. */
  cellsShown(tensor: string, plane: number): number {
    const { revealed } = this;
    return revealed?.tensor === tensor && revealed.plane === plane ? revealed.cells : Infinity;
  }

  /** The colours of a picture: one scale for the layer, or one for each map. */
  scaleOf(tensor: string, plane?: number): Scale {
    const alone = this.scaling === "map" && plane !== undefined;
    const numbers = this.tensor(tensor);
    const image = this.imageFor(tensor);
    const scales = this.#scales.get(numbers) ?? new Map<string, Scale>();
    this.#scales.set(numbers, scales);
    const key = `${tensor} ${image} ${alone ? plane : ""}`;
    const known = scales.get(key);
    if (known) return known;
    const kept = this.#steadyScales.get(key) ?? steady<Scale>();
    this.#steadyScales.set(key, kept);
    const scale = kept(this.#fitted(tensor, image, alone ? plane : undefined));
    scales.set(key, scale);
    return scale;
  }

  /** A scale for one picture of an image, or for all of them. */
  #fitted(tensor: string, image: number, plane: number | undefined): Scale {
    const grid = this.gridOf(tensor);
    const start = startOf(grid, image, plane ?? 0);
    const count = (plane === undefined ? grid.planes : 1) * grid.cells;
    const values = this.tensor(tensor).data.subarray(start, start + count);
    const fitted = (this.#isSigned(tensor) ? signedScaleFor : scaleFor)([values]);
    return withFloor(fitted, this.#kindOf(tensor));
  }

  #kindOf(tensor: string): "gradient" | "parameter" | "activation" {
    if (tensor.startsWith("grad.")) return "gradient";
    return this.isParameter(tensor) ? "parameter" : "activation";
  }

  /** Whether numbers below 0 are to be expected, so that the scale has 0 in its middle. */
  #isSigned(tensor: string): boolean {
    const { model } = this.network;
    return tensor.startsWith("grad.") || this.isParameter(tensor) || lieOf(model, tensor)?.isSigned === true;
  }

  value({ tensor, index }: Cell): number {
    const { shape, data } = this.tensor(tensor);
    return data[offsetOf(shape, index)];
  }
}
