import type { Model, ModelLayer, Shape, Tensor } from "unravel-cnn";

/* The network as Keras describes it, layer by layer, and its weights: what model.json and the file beside it hold. */

/** What a layer of Keras gives. */
export interface Flow {
  /** The layer's name there. */
  readonly name: string;
  /** The shape here: `[channels, height, width]` or `[count]`. */
  readonly shape: Shape;
  /** Of a row that was an image: for each of its numbers there, which one it is here; undefined: the same. */
  readonly order?: Uint32Array;
  /** Whether no number can be below 0. */
  readonly nonNegative: boolean;
}

/** A weight as the manifest tells of it. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

export class Topology {
  readonly layers: object[] = [];
  readonly weights: NamedTensor[] = [];
  /** Whether images are turned before they are flattened, so that rows have the order that they have here. */
  readonly turns: boolean;
  readonly #names: Set<string>;

  constructor(model: Model, turns: boolean) {
    this.turns = turns;
    this.#names = new Set(["x", ...model.layers.map(({ name }) => name)]);
  }

  /** A name for a layer that has none here. */
  name(wanted: string): string {
    let name = wanted;
    while (this.#names.has(name)) name += "_";
    this.#names.add(name);
    return name;
  }

  /**
   * The names of a layer's inputs, none twice: TensorFlow.js clears away a tensor that goes into a layer twice too early. A copy
   * is a leaky ReLU that lets all pass.
   */
  distinct(inputs: readonly Flow[]): string[] {
    const seen = new Set<string>();
    return inputs.map(({ name }) => {
      const own = seen.has(name) ? this.name(`${name}_copy`) : name;
      if (own !== name) this.add("LeakyReLU", own, { alpha: 1 }, [name]);
      seen.add(own);
      return own;
    });
  }

  /** Adds a layer. */
  add(
    className: string,
    name: string,
    config: object,
    inputs: readonly string[],
    weights: Record<string, Tensor> = {},
  ): void {
    this.layers.push({
      class_name: className,
      name,
      config: { name, trainable: true, ...config },
      inbound_nodes: inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}])],
    });
    for (const [key, tensor] of Object.entries(weights))
      this.weights.push({ name: `${name}/${key}`, tensor });
  }
}

/** Why the order of rows has to be ours: the images must be turned before they are flattened. */
export class RowsInOtherOrder extends Error {}

/** For each place of an image's numbers with the channels last, which number it is with the channels first. */
export function channelsFirstOrder([C, H, W]: Shape): Uint32Array | undefined {
  if (C === 1 || H * W === 1) return undefined;
  return Uint32Array.from({ length: C * H * W }, (_, k) => (k % C) * H * W + Math.floor(k / C));
}

/** What an exporter of a layer gets. */
export interface Part<Layer extends ModelLayer = ModelLayer> {
  readonly topology: Topology;
  readonly layer: Layer;
  readonly inputs: readonly Flow[];
  /** A parameter of the layer, by its short name. */
  readonly parameter: (name: string) => Tensor;
}
