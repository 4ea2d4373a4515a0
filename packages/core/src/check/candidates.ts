import { InputError } from "../errors.js";
import type { NpyArray } from "../formats/npy.js";
import type { ModelSpec } from "../graph/model.js";
import { type AnyLayer, type AnyLayerSpec, layerKinds } from "../layers/index.js";
import type { ResolvedLayer } from "../layers/layer.js";
import { formatShape, type ImageShape, type Shape, sizeOf } from "../tensor.js";
import { type ImagesReading, imagesReadings, labelCounts } from "./images.js";
import { type AxisOrder, fittingOrders } from "./layouts.js";
import type { NamedArrays } from "./names.js";
import { type NetworkLayer, resolveLayers, smaller } from "./network.js";
import { denseReadings, filterReadings } from "./weights.js";

/** A network that the shapes allow, and how the inputs are to be read. */
export interface Candidate {
  readonly spec: ModelSpec;
  readonly layers: readonly NetworkLayer[];
  readonly images: number;
  /** The orders of `x` and of the weights. */
  readonly orders: ReadonlyMap<string, AxisOrder>;
  /** How unusual it is. */
  readonly cost: number;
}

/** No more networks than this are tried on the numbers. */
const MOST_CANDIDATES = 100;

/**
 * No more beginnings of networks than this are looked at, the usual ones first: layers that can each be read in two ways have
 * as many networks as two to the power of their number.
 */
const MOST_VISITED = 50_000;

/** The kinds of layers, by how their names begin, that are guessed, each of which takes what the one before it gives. */
const GUESSED = ["conv", "relu", "pool", "flatten", "fc"] as const;

/** What is more unusual than this is not guessed. */
const HIGHEST_COST = 5;

/**
 * The networks whose shapes are those of the arrays, the most usual ones first.
 * @throws InputError if there is none
 */
export function inferCandidates(named: NamedArrays): Candidate[] {
  const others = Object.keys(named.counts).filter((kind) => !GUESSED.some((guessed) => guessed === kind));
  if (others.length > 0) {
    throw new InputError(
      `A network with layers like ${others.map((kind) => `${kind}1`).join(", ")} can't be worked out from the shapes; give it with --model.`,
    );
  }
  const search = new Search(named);
  let found = search.run(false);
  if (found.length === 0) found = search.run(true);
  if (found.length === 0) throw new InputError(search.problem());
  return found.sort((a, b) => a.cost - b.cost).slice(0, MOST_CANDIDATES);
}

/** The shape of a parameter, from itself or what has the same shape. */
function sourceOf({ arrays }: NamedArrays, name: string): NpyArray | undefined {
  return arrays.get(name) ?? arrays.get(`grad.${name}`) ?? arrays.get(`new.${name}`);
}

interface State {
  readonly specs: AnyLayerSpec[];
  readonly shape: Shape;
  readonly cost: number;
  readonly orders: ReadonlyMap<string, AxisOrder>;
  /** The outputs that lack a row and a column. */
  readonly shrunk: ReadonlySet<string>;
  readonly counts: Readonly<Record<(typeof GUESSED)[number], number>>;
}

class Search {
  readonly #named: NamedArrays;
  readonly #convs: number;
  readonly #denses: number;
  #found: Candidate[] = [];
  #shrinking = false;
  #visited = 0;

  constructor(named: NamedArrays) {
    this.#named = named;
    this.#convs = named.counts.conv ?? 0;
    this.#denses = named.counts.fc ?? 0;
  }

  run(shrinking: boolean): Candidate[] {
    const { arrays } = this.#named;
    this.#found = [];
    this.#shrinking = shrinking;
    this.#visited = 0;
    const x = arrays.get("x") ?? arrays.get("grad.x");
    if (!x)
      throw new InputError("There is no array x, the images; save it too, or give the network with --model.");
    if (this.#denses === 0)
      throw new InputError("There is no array fc1.weight; save it too, or give the network with --model.");
    for (let k = 1; k <= this.#convs; k++) this.#need(`conv${k}.weight`);
    for (let k = 1; k <= this.#denses; k++) this.#need(`fc${k}.weight`);
    const lastDense = this.#need(`fc${this.#denses}.weight`);
    const classes = denseReadings(lastDense.shape).map(({ units }) => units);
    const counts = labelCounts(arrays.get("y"), classes);
    const first = this.#convs > 0 ? filterReadings(this.#need("conv1.weight").shape) : [];
    const channels = this.#convs > 0 ? [...new Set(first.map(({ shape }) => shape[1]))] : [undefined];
    for (const count of channels) {
      for (const reading of imagesReadings(x.shape, count, counts)) this.#start(reading);
    }
    return this.#found;
  }

  problem(): string {
    const shapes = [
      "x",
      ...Array.from({ length: this.#convs }, (_, k) => `conv${k + 1}.weight`),
      "fc1.weight",
    ]
      .map((name) => {
        const array = name === "x" ? this.#named.arrays.get("x") : sourceOf(this.#named, name);
        return array ? `${name} ${formatShape(array.shape)}` : undefined;
      })
      .filter((text) => text !== undefined);
    return `No network has these shapes: ${shapes.join(", ")}; give it with --model, or see which shape is wrong.`;
  }

  #need(name: string): NpyArray {
    const array = sourceOf(this.#named, name);
    if (!array)
      throw new InputError(`There is no array ${name}; save it too, or give the network with --model.`);
    return array;
  }

  #start({ images, shape, order }: ImagesReading): void {
    const usual = order[0] === 0 && order[1] === 1 ? 0 : 0.1;
    this.#extend({
      input: shape,
      images,
      state: {
        specs: [],
        shape,
        cost: usual,
        orders: new Map([["x", order]]),
        shrunk: new Set(),
        counts: { conv: 0, relu: 0, pool: 0, flatten: 0, fc: 0 },
      },
    });
  }

  #extend({ input, images, state }: { input: ImageShape; images: number; state: State }): void {
    if (this.#visited++ > MOST_VISITED) return;
    const next = (more: State) => this.#extend({ input, images, state: more });
    if (state.counts.conv < this.#convs) {
      for (const withConv of this.#withConvolution(state, images)) {
        for (const block of this.#withActivations(withConv, images)) next(block);
      }
    } else if (state.counts.fc === 0 && state.shape.length === 3) {
      const flat = this.#with(state, images, { type: "flatten" }, 0);
      if (flat) next(flat);
    } else if (state.counts.fc < this.#denses) {
      for (const withDense of this.#withDense(state, images)) next(withDense);
    } else this.#finish(input, images, state);
  }

  #finish(input: ImageShape, images: number, state: State): void {
    const { counts, arrays } = this.#named;
    if ((counts.relu ?? 0) > state.counts.relu || (counts.pool ?? 0) > state.counts.pool) return;
    const labels = labelCounts(arrays.get("y"), [state.shape[0]]);
    if (labels && !labels.includes(images)) return;
    const spec: ModelSpec = { input, layers: state.specs };
    const layers = resolveLayers(state.specs, input, state.shrunk);
    this.#found.push({ spec, layers, images, orders: state.orders, cost: state.cost });
  }

  /** The state with one more layer; undefined if it doesn't fit, or gives a shape that isn't the person's. */
  #with(state: State, images: number, spec: AnyLayerSpec, cost: number, shrink = false): State | undefined {
    if (state.cost + cost > (this.#shrinking ? 2 : 1) * HIGHEST_COST) return undefined;
    const kind = layerKinds[spec.type] as AnyLayer;
    let resolved: ResolvedLayer;
    try {
      resolved = kind.resolve(spec, state.shape);
    } catch (error) {
      if (error instanceof InputError) return undefined;
      throw error;
    }
    const shape = (shrink ? smaller(resolved) : resolved).outputShape;
    if (shape.some((size) => size < 1)) return undefined;
    const prefix = kind.prefix as keyof State["counts"];
    const number = state.counts[prefix] + 1;
    const name = `${prefix}${number}.out`;
    // Whoever saved one of these has probably saved all.
    const surprise = number > (this.#named.counts[prefix] ?? Infinity) ? 0.4 : 0;
    for (const given of [this.#named.arrays.get(name), this.#named.arrays.get(`grad.${name}`)]) {
      if (given && fittingOrders(name, [images, ...shape], given.shape).length === 0) return undefined;
    }
    return {
      specs: [...state.specs, spec],
      shape,
      cost: state.cost + cost + surprise,
      orders: state.orders,
      shrunk: shrink ? new Set([...state.shrunk, name]) : state.shrunk,
      counts: { ...state.counts, [prefix]: number },
    };
  }

  #withConvolution(state: State, images: number): State[] {
    const name = `conv${state.counts.conv + 1}`;
    const bias = this.#biasOf(name);
    const states: State[] = [];
    for (const [preference, { shape, order }] of filterReadings(
      this.#need(`${name}.weight`).shape,
    ).entries()) {
      const [filters, channels, ...kernel] = shape;
      if (channels !== state.shape[0] || (bias && bias.data.length !== filters)) continue;
      const orders = new Map([...state.orders, [`${name}.weight`, order]]);
      for (const { stride, padding, cost } of convolutionOptions(kernel)) {
        const spec: AnyLayerSpec = {
          type: "conv2d",
          filters,
          kernel: kernel as [number, number],
          stride,
          padding,
          bias: bias !== undefined,
        };
        for (const shrink of this.#shrinking ? [false, true] : [false]) {
          const total = cost + 0.1 * preference + (shrink ? 3 : 0);
          const more = this.#with({ ...state, orders }, images, spec, total, shrink);
          if (more) states.push(more);
        }
      }
    }
    return states;
  }

  #biasOf(name: string): NpyArray | undefined {
    return sourceOf(this.#named, `${name}.bias`);
  }

  /** After a convolution: ReLU and pool in either order, one of them, or neither. */
  #withActivations(state: State, images: number): State[] {
    const relu: AnyLayerSpec = { type: "relu" };
    const one = (from: State, spec: AnyLayerSpec, cost: number) => this.#with(from, images, spec, cost) ?? [];
    const pools = (from: State) => {
      const plain = poolOptions.flatMap(({ spec, cost }) => one(from, spec, cost));
      if (!this.#shrinking) return plain;
      return [
        ...plain,
        ...poolOptions.flatMap(({ spec, cost }) => this.#with(from, images, spec, cost + 3, true) ?? []),
      ];
    };
    const isLast = state.counts.conv === this.#convs;
    const poolMissing = (this.#named.counts.pool ?? 0) > 0 || !isLast ? 0 : 0.8;
    const rectified = one(state, relu, 0);
    return [
      ...[rectified].flat().flatMap(pools),
      ...[rectified].flat().map((s) => ({ ...s, cost: s.cost + poolMissing })),
      ...pools(state).flatMap((s) => one(s, relu, 1.5)),
      ...pools(state).map((s) => ({ ...s, cost: s.cost + 4 })),
      { ...state, cost: state.cost + 4 + poolMissing },
    ];
  }

  #withDense(state: State, images: number): State[] {
    const name = `fc${state.counts.fc + 1}`;
    const bias = this.#biasOf(name);
    const isLast = state.counts.fc + 1 === this.#denses;
    const states: State[] = [];
    for (const { units, inputs, order } of denseReadings(this.#need(`${name}.weight`).shape)) {
      if (inputs !== sizeOf(state.shape) || (bias && bias.data.length !== units)) continue;
      const orders = new Map([...state.orders, [`${name}.weight`, order]]);
      const spec: AnyLayerSpec = { type: "dense", units, bias: bias !== undefined };
      const plain = this.#with({ ...state, orders }, images, spec, order[0] === 0 ? 0 : 0.1);
      if (!plain) continue;
      if (isLast) {
        if (units > 1) states.push(plain);
        continue;
      }
      const rectified = this.#with(plain, images, { type: "relu" }, 0);
      if (rectified) states.push(rectified);
      states.push({ ...plain, cost: plain.cost + 2 });
    }
    return states;
  }
}

/** Strides and paddings that people use, and how unusual they are. */
function convolutionOptions([height, width]: readonly number[]) {
  const options: { stride: number; padding: number | "same"; cost: number }[] = [];
  const half = height === width && height % 2 === 1 ? (height - 1) / 2 : undefined;
  for (const stride of [1, 2, 3, 4]) {
    const cost = stride - 1;
    options.push({ stride, padding: 0, cost });
    if (half) options.push({ stride, padding: half, cost: cost + 0.7 });
    else options.push({ stride, padding: "same", cost: cost + 0.7 });
    for (let padding = 1; padding < Math.max(height, width, 3); padding++) {
      if (padding !== half) options.push({ stride, padding, cost: cost + 1.5 });
    }
  }
  return options;
}

const poolOptions: { spec: AnyLayerSpec; cost: number }[] = [
  { size: 2, cost: 0 },
  { size: 3, cost: 1 },
  { size: 3, stride: 2, cost: 1 },
  { size: 2, stride: 1, cost: 1.5 },
  { size: 4, cost: 1.2 },
  { size: 3, stride: 1, cost: 2 },
  { size: 3, stride: 2, padding: 1, cost: 2 },
].map(({ cost, ...options }) => ({ spec: { type: "maxPool2d", ...options }, cost }));
