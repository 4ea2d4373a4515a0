import { InputError } from "../errors.js";
import type { NpyArray } from "../formats/npy.js";
import type { ModelSpec } from "../graph/model.js";
import { known } from "../known.js";
import { type AnyLayer, type AnyLayerSpec, layerKinds } from "../layers/index.js";
import type { ResolvedLayer } from "../layers/layer.js";
import { type ImageShape, type Shape, sizeOf } from "../tensor.js";
import { type ImagesReading, imagesReadings, labelCounts } from "./images.js";
import { type AxisOrder, fittingOrders } from "./layouts.js";
import type { NamedArrays } from "./names.js";
import { type ChainPart, type NetworkLayer, resolveChain, smaller, specOfChain } from "./network.js";
import { othersInFile } from "./otherNames.js";
import { type Family, namedKinds } from "./prefixes.js";
import { untiedConvolution } from "./unusualKinds.js";
import { denseReadings, filterReadings } from "./weights.js";
import { convolutionOptions, poolOptions } from "./windowOptions.js";
import { missingDimension, whyNoNetwork } from "./wrongShapes.js";

/** A network that the shapes allow, and how the inputs are to be read. */
export interface Candidate {
  readonly spec: ModelSpec;
  readonly layers: readonly NetworkLayer[];
  /** The layers before they were resolved, if the network was guessed. */
  readonly parts?: readonly ChainPart[];
  readonly images: number;
  /** The orders of `x` and of the weights. */
  readonly orders: ReadonlyMap<string, AxisOrder>;
  /** How unusual it is. */
  readonly cost: number;
}

/** No more networks than this are tried on the numbers. */
const MOST_CANDIDATES = 100;
/** Nor than this, where shapes are wrong and so much is possible. */
const MOST_TOLERATED = 10;

/**
 * No more beginnings of networks than this are looked at, the usual ones first: layers that can each be read in two ways have
 * as many networks as two to the power of their number.
 */
const MOST_VISITED = 50_000;

/** What is more unusual than this is not guessed. */
const HIGHEST_COST = 5;

/** How much a shape that doesn't fit speaks against a network. */
const COST_OF_MISFIT = 2;
/** No more arrays than this may have a wrong shape. */
const MOST_MISFITS = 16;

/** How strictly the shapes are taken. */
type Search = "exact" | "shrinking" | "tolerant";

/**
 * The networks whose shapes are those of the arrays, the most usual ones first. If there is none: those that have the shapes of
 * the images and the weights, where others differ.
 * @throws InputError if there is none either
 */
export function inferCandidates(named: NamedArrays): Candidate[] {
  const others = Object.keys(named.counts).filter((prefix) => !Object.hasOwn(namedKinds, prefix));
  if (others.length > 0) {
    throw new InputError(
      `A network with layers like ${others.map((prefix) => `${prefix}1`).join(", ")} can't be worked out from the shapes; give it with --model.`,
    );
  }
  for (const mode of ["exact", "shrinking", "tolerant"] as const) {
    const missing = mode === "tolerant" ? missingDimension(named) : undefined;
    if (missing) throw new InputError(missing);
    const found = new Searcher(named, mode).run();
    const most = mode === "tolerant" ? MOST_TOLERATED : MOST_CANDIDATES;
    if (found.length > 0) return found.sort((a, b) => a.cost - b.cost).slice(0, most);
  }
  const withoutLabels = new Map([...named.arrays].filter(([name]) => name !== "y"));
  const [other] = named.arrays.has("y")
    ? new Searcher({ ...named, arrays: withoutLabels }, "tolerant").run()
    : [];
  throw new InputError(whyNoNetwork(named, other?.images));
}

/** The shape of a parameter, from itself or what has the same shape. */
function sourceOf({ arrays }: NamedArrays, name: string): NpyArray | undefined {
  return arrays.get(name) ?? arrays.get(`grad.${name}`) ?? arrays.get(`new.${name}`);
}

interface State {
  readonly parts: readonly ChainPart[];
  readonly shape: Shape;
  readonly cost: number;
  readonly orders: ReadonlyMap<string, AxisOrder>;
  /** The outputs that lack a row and a column. */
  readonly shrunk: ReadonlySet<string>;
  /** How many layers there are by what their names begin with. */
  readonly counts: Readonly<Record<string, number>>;
  /** How many arrays have another shape. */
  readonly misfits: number;
}

/** Where layers stand that are named, but that nothing but their names speaks of: behind these families. */
const BETWEEN: readonly Family[] = ["convolution", "activation", "pool", "flatten", "dense"];

class Searcher {
  readonly #named: NamedArrays;
  readonly #mode: Search;
  readonly #convs: number;
  readonly #denses: number;
  readonly #found: Candidate[] = [];
  #visited = 0;

  constructor(named: NamedArrays, mode: Search) {
    this.#named = named;
    this.#mode = mode;
    this.#convs = named.counts.conv ?? 0;
    this.#denses = named.counts.fc ?? 0;
  }

  run(): Candidate[] {
    const { arrays, unknown } = this.#named;
    const x = arrays.get("x") ?? arrays.get("grad.x");
    if (!x) {
      throw new InputError(
        `There is no array x, the images; save it too, or give the network with --model${othersInFile(unknown, "x")}.`,
      );
    }
    if (this.#denses === 0) {
      throw new InputError(
        `There is no array fc1.weight; save it too, or give the network with --model${othersInFile(unknown, "fc1.weight")}.`,
      );
    }
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

  #need(name: string): NpyArray {
    const array = sourceOf(this.#named, name);
    if (!array) {
      throw new InputError(
        `There is no array ${name}; save it too, or give the network with --model${othersInFile(this.#named.unknown, name)}.`,
      );
    }
    return array;
  }

  #start({ images, shape, order }: ImagesReading): void {
    const usual = order[0] === 0 && order[1] === 1 ? 0 : 0.1;
    const state: State = {
      parts: [],
      shape,
      cost: usual,
      orders: new Map([["x", order]]),
      shrunk: new Set(),
      counts: {},
      misfits: 0,
    };
    this.#extend({ input: shape, images, state });
  }

  #extend({ input, images, state }: { input: ImageShape; images: number; state: State }): void {
    if (this.#visited++ > MOST_VISITED) return;
    const next = (more: State) => this.#extend({ input, images, state: more });
    if (this.#count(state, "convolution") < this.#convs) {
      for (const withConv of this.#withConvolution(state, images)) {
        for (const block of this.#withActivations(withConv, images)) next(block);
      }
    } else if (this.#count(state, "dense") === 0 && state.shape.length === 3) {
      const flat = this.#with(state, images, this.#part(state, "flatten", { type: "flatten" }), 0);
      if (flat) for (const more of this.#withOthers(flat, images, "flatten")) next(more);
      for (const pooled of this.#named.counts.gap ? this.#family(state, images, "global pool") : []) {
        for (const more of this.#withOthers(pooled, images, "flatten")) next(more);
      }
    } else if (this.#count(state, "dense") < this.#denses) {
      for (const withDense of this.#withDense(state, images)) next(withDense);
    } else this.#finish(input, images, state);
  }

  #finish(input: ImageShape, images: number, state: State): void {
    const { counts, arrays } = this.#named;
    if (Object.entries(counts).some(([prefix, count]) => count > (state.counts[prefix] ?? 0))) return;
    const labels = labelCounts(arrays.get("y"), [state.shape[0]]);
    if (labels && !labels.includes(images)) return;
    const { parts, orders } = state;
    const layers = resolveChain(parts, input, state.shrunk);
    const cost = state.cost + COST_OF_MISFIT * state.misfits;
    this.#found.push({ spec: specOfChain(input, parts), layers, parts, images, orders, cost });
  }

  #count({ parts }: State, family: Family): number {
    return parts.filter(({ name }) => namedKinds[prefixOf(name)].family === family).length;
  }

  /** The prefixes of a family in the file; if there is none, what the library calls it. */
  #prefixes(family: Family): string[] {
    const all = Object.keys(namedKinds).filter((prefix) => namedKinds[prefix].family === family);
    const named = all.filter((prefix) => this.#named.counts[prefix]);
    return named.length > 0 ? named : all.slice(0, 1);
  }

  /** The next layer of a family under the first of its names. */
  #part(state: State, family: Family, spec: AnyLayerSpec): ChainPart {
    const [prefix] = this.#prefixes(family);
    return partOf(`${prefix}${(state.counts[prefix] ?? 0) + 1}`, spec);
  }

  /** The state with one more layer; undefined if it doesn't fit, or gives a shape that isn't the person's. */
  #with(state: State, images: number, part: ChainPart, cost: number, shrink = false): State | undefined {
    if (state.cost + cost > (this.#mode === "shrinking" ? 2 : 1) * HIGHEST_COST) return undefined;
    let resolved: ResolvedLayer;
    try {
      resolved = part.kind.resolve(known(part.spec), state.shape);
    } catch (error) {
      if (error instanceof InputError) return undefined;
      throw error;
    }
    const shape = (shrink ? smaller(resolved) : resolved).outputShape;
    if (shape.some((size) => size < 1)) return undefined;
    const prefix = prefixOf(part.name);
    const number = (state.counts[prefix] ?? 0) + 1;
    const name = `${part.name}.out`;
    // Whoever saved one of these has probably saved all.
    const surprise = number > (this.#named.counts[prefix] ?? Infinity) ? 0.4 : 0;
    let { misfits } = state;
    for (const given of [this.#named.arrays.get(name), this.#named.arrays.get(`grad.${name}`)]) {
      if (!given || fittingOrders(name, [images, ...shape], given.shape).length > 0) continue;
      if (this.#mode !== "tolerant" || ++misfits > MOST_MISFITS) return undefined;
    }
    return {
      parts: [...state.parts, part],
      shape,
      cost: state.cost + cost + surprise,
      orders: state.orders,
      shrunk: shrink ? new Set([...state.shrunk, name]) : state.shrunk,
      counts: { ...state.counts, [prefix]: number },
      misfits,
    };
  }

  /** The state with one more layer that has no options, of each kind of a family that the file has names of. */
  #family(state: State, images: number, family: Family): State[] {
    return this.#prefixes(family).flatMap((prefix) => {
      const spec = { type: typeFor(prefix, state.shape) } as AnyLayerSpec;
      const part = partOf(`${prefix}${(state.counts[prefix] ?? 0) + 1}`, spec);
      return this.#with(state, images, part, 0) ?? [];
    });
  }

  /** Behind a layer: nothing more, or normalisations and dropouts that the file has names of and that don't stand elsewhere. */
  #withOthers(state: State, images: number, behind: Family): State[] {
    const left = this.#prefixes("between").filter(
      (prefix) => (this.#named.counts[prefix] ?? 0) > (state.counts[prefix] ?? 0),
    );
    if (left.length === 0 || !BETWEEN.includes(behind)) return [state];
    const more = left.flatMap((prefix) => {
      const spec = { type: typeFor(prefix, state.shape) } as AnyLayerSpec;
      return this.#with(state, images, partOf(`${prefix}${(state.counts[prefix] ?? 0) + 1}`, spec), 0) ?? [];
    });
    return [state, ...more.flatMap((one) => this.#withOthers(one, images, behind))];
  }

  #withConvolution(state: State, images: number): State[] {
    const name = `conv${(state.counts.conv ?? 0) + 1}`;
    const bias = this.#biasOf(name);
    const states: State[] = [];
    for (const [preference, { shape, order }] of filterReadings(
      this.#need(`${name}.weight`).shape,
    ).entries()) {
      const [filters, channels, ...kernel] = shape;
      if (channels !== state.shape[0]) continue;
      const orders = new Map([...state.orders, [`${name}.weight`, order]]);
      for (const { stride, padding, cost } of convolutionOptions(kernel)) {
        const spec: AnyLayerSpec = {
          type: "conv2d",
          filters,
          kernel,
          stride,
          padding,
          bias: bias !== undefined,
        };
        for (const shrink of this.#mode === "shrinking" ? [false, true] : [false]) {
          const total = cost + 0.1 * preference + (shrink ? 3 : 0);
          const more = this.#with({ ...state, orders }, images, partOf(name, spec), total, shrink);
          const fitted = more && this.#withBias(more, name, bias);
          if (fitted) states.push(fitted);
        }
      }
    }
    return states;
  }

  /** A bias that doesn't have one number for each filter is one for each cell, or of a wrong shape. */
  #withBias(state: State, name: string, bias: NpyArray | undefined): State | undefined {
    if (!bias || bias.data.length === state.shape[0]) return state;
    if (bias.data.length === sizeOf(state.shape) && state.shape.length === 3) {
      const parts = state.parts.map((part) =>
        part.name === name ? { ...part, kind: untiedConvolution } : part,
      );
      return { ...state, parts };
    }
    return this.#mode === "tolerant" ? { ...state, misfits: state.misfits + 1 } : undefined;
  }

  #biasOf(name: string): NpyArray | undefined {
    return sourceOf(this.#named, `${name}.bias`);
  }

  /** After a convolution: ReLU and pool in either order, one of them, or neither. */
  #withActivations(convolved: State, images: number): State[] {
    const activated = (from: State) =>
      this.#family(from, images, "activation").flatMap((state) =>
        this.#withOthers(state, images, "activation"),
      );
    const pools = (from: State) => {
      const shrinks = this.#mode === "shrinking" ? [false, true] : [false];
      const options = this.#prefixes("pool").flatMap((prefix) =>
        poolOptions(namedKinds[prefix].type as "maxPool2d").map((option) => ({ ...option, prefix })),
      );
      return shrinks
        .flatMap((shrink) =>
          options.flatMap(({ spec, cost, prefix }) => {
            const part = partOf(`${prefix}${(from.counts[prefix] ?? 0) + 1}`, spec);
            return this.#with(from, images, part, cost + (shrink ? 3 : 0), shrink) ?? [];
          }),
        )
        .flatMap((state) => this.#withOthers(state, images, "pool"));
    };
    const isLast = convolved.counts.conv === this.#convs;
    const named = this.#prefixes("pool").some((prefix) => this.#named.counts[prefix]);
    const poolMissing = named || !isLast ? 0 : 0.8;
    return this.#withOthers(convolved, images, "convolution").flatMap((state) => {
      const rectified = activated(state);
      const pooled = pools(state);
      return [
        ...rectified.flatMap(pools),
        ...rectified.map((s) => ({ ...s, cost: s.cost + poolMissing })),
        ...pooled.flatMap(activated).map((s) => ({ ...s, cost: s.cost + 1.5 })),
        ...pooled.map((s) => ({ ...s, cost: s.cost + 4 })),
        { ...state, cost: state.cost + 4 + poolMissing },
      ];
    });
  }

  #withDense(state: State, images: number): State[] {
    const name = `fc${(state.counts.fc ?? 0) + 1}`;
    const bias = this.#biasOf(name);
    const isLast = this.#count(state, "dense") + 1 === this.#denses;
    const states: State[] = [];
    for (const { units, inputs, order } of denseReadings(this.#need(`${name}.weight`).shape)) {
      const wrongBias = bias !== undefined && bias.data.length !== units;
      if (inputs !== sizeOf(state.shape) || (wrongBias && this.#mode !== "tolerant")) continue;
      const orders = new Map([...state.orders, [`${name}.weight`, order]]);
      const spec: AnyLayerSpec = { type: "dense", units, bias: bias !== undefined };
      const plain = this.#with({ ...state, orders }, images, partOf(name, spec), order[0] === 0 ? 0 : 0.1);
      if (!plain) continue;
      const counted = { ...plain, misfits: plain.misfits + (wrongBias ? 1 : 0) };
      if (isLast) {
        states.push(counted, ...this.#lastActivations(counted, images));
        continue;
      }
      for (const dense of this.#withOthers(counted, images, "dense")) {
        for (const rectified of this.#family(dense, images, "activation")) {
          states.push(...this.#withOthers(rectified, images, "activation"));
        }
        states.push({ ...dense, cost: dense.cost + 2 });
      }
    }
    return states;
  }

  /** An activation behind the last dense layer, if the file has one more than stand elsewhere. */
  #lastActivations(state: State, images: number): State[] {
    const left = this.#prefixes("activation").some(
      (prefix) => (this.#named.counts[prefix] ?? 0) > (state.counts[prefix] ?? 0),
    );
    return left ? this.#family(state, images, "activation") : [];
  }
}

const prefixOf = (name: string) => name.replace(/\d+$/, "");

const partOf = (name: string, spec: AnyLayerSpec): ChainPart => ({
  name,
  spec,
  kind: layerKinds[spec.type] as unknown as AnyLayer,
});

/** A normalisation's type depends on what it takes. */
function typeFor(prefix: string, shape: Shape): AnyLayerSpec["type"] {
  const { type } = namedKinds[prefix];
  return type === "batchNorm2d" && shape.length === 1 ? "batchNorm1d" : type;
}
