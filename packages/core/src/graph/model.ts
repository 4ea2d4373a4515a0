import { InputError, inContext, show } from "../errors.js";
import { fitsFloat32, RANGE } from "../float32.js";
import { known } from "../known.js";
import type { AnyLayer, AnyLayerSpec } from "../layers/index.js";
import type { ParameterInfo, ResolvedLayer, StateInfo } from "../layers/layer.js";
import { resolveLoss } from "../losses/index.js";
import type { ClassWeights, Loss, LossSpec } from "../losses/loss.js";
import { checkKeys, wholeNumber } from "../options.js";
import { formatShape, type ImageShape, type Shape, sizeOf } from "../tensor.js";
import { linkLayers } from "./links.js";
import { checkPictureRule, type PictureRule } from "./pictures.js";

/** A network as plain JSON. What is left out has the defaults that the layers' specs give. */
export interface ModelSpec {
  /** `[channels, height, width]` of one image. */
  readonly input: ImageShape;
  readonly layers: readonly AnyLayerSpec[];
  /** Default softmax and cross-entropy. */
  readonly loss?: LossSpec;
  /** Names of the classes; default `"0"`, `"1"`, ... */
  readonly classes?: readonly string[];
  /** Per channel, on pixels in [0, 1]; default mean 0 and standard deviation 1. */
  readonly normalize?: Normalization;
  /** How pictures become inputs; default as `preparePicture` says. */
  readonly pictures?: PictureRule;
}

/** Each pixel in [0, 1] becomes (pixel - mean) / std of its channel. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** A layer in its place in a model; where its kind is known, with that kind's options. */
export interface ModelLayer<Resolved extends ResolvedLayer = ResolvedLayer> extends ResolvedLayer {
  /** The spec's `name`, or the kind and its number among its kind: `conv1`, `relu1`, `fc2`, ... */
  readonly name: string;
  readonly kind: AnyLayer;
  readonly spec: AnyLayerSpec;
  /** The layer's complete options and shapes, for the functions of `kind`. */
  readonly resolved: Resolved;
  /** The names of the tensors that go in: `x`, or what layers before it give. */
  readonly inputs: readonly string[];
  /** The name of the tensor that it gives: `conv1.out`. */
  readonly output: string;
  readonly parameters: readonly ModelParameter[];
  /** What it keeps without learning it. */
  readonly state: readonly ModelState[];
  /** Its place among the layers, counted from 0. */
  readonly node: number;
  /** Multiply-adds for one image: forward, and for forward and backward together. */
  readonly multiplyAdds: { readonly forward: number; readonly trainingStep: number };
}

/** A parameter of a model: its name and shape. */
export interface ModelParameter extends ParameterInfo {
  /** The contract name: `conv1.weight`. */
  readonly fullName: string;
}

/** What a layer of a model keeps without learning it: its name and shape. */
export interface ModelState extends StateInfo {
  /** The contract name: `norm1.running_mean`. */
  readonly fullName: string;
}

/** A tensor's way into a layer. */
export interface Use {
  readonly layer: ModelLayer;
  /** As which of its inputs, counted from 0. */
  readonly input: number;
}

/** A network whose shapes have been worked out and checked. It holds no numbers: those are the parameters. */
export interface Model {
  readonly spec: ModelSpec;
  readonly inputShape: ImageShape;
  readonly layers: readonly ModelLayer[];
  /** The name of the scores: what the last layer gives. */
  readonly output: string;
  /** The layer that gives a tensor, by its name. Of the images, `x`: none. */
  readonly producers: ReadonlyMap<string, ModelLayer>;
  /** Which layers take a tensor, by its name, in their order. Of the scores: none. */
  readonly uses: ReadonlyMap<string, readonly Use[]>;
  /** The layers' outputs that depend on a parameter: those whose gradients training needs. */
  readonly learnt: ReadonlySet<string>;
  /** What is made of the scores. */
  readonly loss: Loss;
  /** All layers' parameters, in order. */
  readonly parameters: readonly ModelParameter[];
  /** What layers keep without learning it, in order. */
  readonly state: readonly ModelState[];
  /** How many images a batch must have at least, in training. */
  readonly fewestImages: number;
  readonly classes: readonly string[];
  readonly normalize: Normalization;
  readonly pictures: PictureRule | undefined;
  /** How many numbers are learnt. */
  readonly parameterCount: number;
  /** For one image: forward, and for a training step. */
  readonly multiplyAdds: { readonly forward: number; readonly trainingStep: number };
}

/**
 * The same network with a loss in which images count as their classes do.
 * @param classWeights one for each class
 */
export function withClassWeights(model: Model, classWeights: ClassWeights): Model {
  return { ...model, loss: model.loss.weighted(classWeights) };
}

/** The layer that gives the tensor of this name; undefined: it is the network's input, `x`. */
export function producerOf({ producers }: Pick<Model, "producers">, tensor: string): ModelLayer | undefined {
  return producers.get(tensor);
}

/** The most classes that a model can tell apart. */
const MOST_CLASSES = 2 ** 16;

/** The most layers, far above any that learns: a spec of a few bytes each can name any number. */
const MOST_LAYERS = 10_000;

/**
 * Works out all shapes of a network and checks that its layers fit together.
 * @param spec a model spec, also one that was just read from JSON: nothing about it is taken for granted.
 * @throws InputError that names the layer, the option or the shapes, and the fix.
 */
export function defineModel(spec: ModelSpec): Model {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) {
    throw new InputError(
      `A model spec must be an object like { "input": [1, 28, 28], "layers": [...] }, not ${show(spec)}.`,
    );
  }
  const inputShape = inContext("The model spec", () => {
    checkKeys(spec, ["input", "layers", "loss", "classes", "normalize", "pictures"], "key");
    return checkInput(spec.input);
  });
  if (!Array.isArray(spec.layers) || spec.layers.length === 0) {
    throw new InputError(
      `The model spec: "layers" must be a list of at least one layer${spec.layers === undefined ? ", but it is missing" : `, not ${show(spec.layers)}`}.`,
    );
  }
  if (spec.layers.length > MOST_LAYERS) {
    throw new InputError(
      `The model spec: "layers" has ${spec.layers.length} layers, more than the limit of ${MOST_LAYERS}; use fewer.`,
    );
  }
  const { layers, learnt } = withChannelsHint(inputShape, () => resolveLayers(spec.layers, inputShape));
  const output = layers[layers.length - 1];
  if (output.outputShape.length !== 1) {
    throw new InputError(
      `The last layer, ${output.name}, gives shape ${formatShape(output.outputShape)}, but it must give one number for each of at least 2 classes; end with { "type": "flatten" } and { "type": "dense", "units": 10 }.`,
    );
  }
  if (output.outputShape[0] < 2) {
    throw new InputError(
      `The last layer, ${output.name}, gives one number, but it must give one for each of at least 2 classes; give it 2 units or more.`,
    );
  }
  if (output.outputShape[0] > MOST_CLASSES) {
    throw new InputError(
      `The last layer, ${output.name}, gives ${output.outputShape[0]} numbers, but a model can have at most ${MOST_CLASSES} classes; give it one unit for each class.`,
    );
  }
  const parameters = layers.flatMap((layer) => layer.parameters);
  const total = (of: (layer: ModelLayer) => number) => layers.reduce((sum, layer) => sum + of(layer), 0);
  return {
    spec,
    inputShape,
    layers,
    output: output.output,
    producers: new Map(layers.map((layer) => [layer.output, layer])),
    uses: usesOf(layers),
    loss: resolveLoss(spec.loss),
    learnt,
    parameters,
    state: layers.flatMap((layer) => layer.state),
    fewestImages: Math.max(...layers.map(({ kind, resolved }) => kind.fewestImages?.(resolved) ?? 1)),
    classes: checkClasses(spec.classes, output),
    normalize: checkNormalization(spec.normalize, inputShape[0]),
    pictures: checkPictureRule(spec.pictures, inputShape),
    parameterCount: parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    multiplyAdds: {
      forward: total((layer) => layer.multiplyAdds.forward),
      trainingStep: total((layer) => layer.multiplyAdds.trainingStep),
    },
  };
}

/** The layers with their shapes, and the tensors that depend on something that is learnt. */
function resolveLayers(
  specs: readonly AnyLayerSpec[],
  inputShape: Shape,
): { layers: ModelLayer[]; learnt: Set<string> } {
  const shapes = new Map([["x", inputShape]]);
  const learnt = new Set<string>();
  const layers = linkLayers(specs).map(({ name, kind, spec, options, inputs, place }, node) => {
    const [first, ...others] = inputs.map((input) => known(shapes.get(input)));
    const resolved = inContext(place, () => kind.resolve(options, first, ...others));
    const named = <T extends { readonly name: string }>(all: readonly T[]) =>
      all.map((one) => ({ ...one, fullName: `${name}.${one.name}` }));
    const parameters = named(kind.parameters(resolved));
    const output = `${name}.out`;
    shapes.set(output, resolved.outputShape);
    const learnsBefore = inputs.some((input) => learnt.has(input));
    if (learnsBefore || parameters.length > 0) learnt.add(output);
    // Backward, the layer does the same multiply-adds again for the gradient of its weights, and once more for the
    // gradient of its input, which only layers before it with something to learn need.
    const forward = kind.multiplyAdds(resolved);
    return {
      name,
      kind,
      spec,
      resolved,
      inputs,
      output,
      inputShape: resolved.inputShape,
      outputShape: resolved.outputShape,
      parameters,
      state: named(kind.state?.(resolved) ?? []),
      node,
      multiplyAdds: { forward, trainingStep: forward * (learnsBefore ? 3 : 2) },
    };
  });
  return { layers, learnt };
}

/** Who takes each tensor, in order. */
function usesOf(layers: readonly ModelLayer[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const layer of layers) {
    for (const [input, tensor] of layer.inputs.entries()) {
      const known = uses.get(tensor);
      if (known) known.push({ layer, input });
      else uses.set(tensor, [{ layer, input }]);
    }
  }
  return uses;
}

function checkInput(input: unknown): ImageShape {
  if (!Array.isArray(input) || input.length !== 3) {
    throw new InputError(
      `"input" must be [channels, height, width], ${input === undefined ? "but it is missing" : `not ${show(input)}`}`,
    );
  }
  const [channels, height, width] = Array.from(input, (size) =>
    wholeNumber('each number of "input"', size, 1),
  );
  if (channels * height * width > 2 ** 24) {
    throw new InputError(
      `"input" ${formatShape(input)} is more than the limit of 2^24 values for one image; use smaller images`,
    );
  }
  return [channels, height, width];
}

/** Runs `work`; where something in it doesn't fit and channels seem to be last, the message says so. */
function withChannelsHint<T>(input: ImageShape, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const [height, width, channels] = input;
    // pictures have few channels, and more rows and columns than that
    if (!(error instanceof InputError) || channels > 4 || Math.min(height, width) <= 4) throw error;
    throw new InputError(
      `${error.message.replace(/\.$/, "")}; "input" has the channels first, so for images of ${height}x${width} with ${channels === 1 ? "one channel" : `${channels} channels`} it is [${channels}, ${height}, ${width}].`,
    );
  }
}

function checkClasses(classes: unknown, output: ModelLayer): string[] {
  const [count] = output.outputShape;
  if (classes === undefined) return Array.from({ length: count }, (_, k) => String(k));
  if (!Array.isArray(classes) || classes.some((name) => typeof name !== "string")) {
    throw new InputError(
      `The model spec: "classes" must be a list of names like ["cat", "dog"], not ${show(classes)}.`,
    );
  }
  if (classes.length !== count) {
    throw new InputError(
      `The model spec: "classes" has ${classes.length} names, but the last layer, ${output.name}, gives ${count} numbers; make them equal.`,
    );
  }
  const seen = new Set<string>();
  const twice = classes.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) {
    throw new InputError(
      `The model spec: "classes" has ${show(twice)} twice; give each class a name of its own.`,
    );
  }
  return classes;
}

function checkNormalization(normalize: unknown, channels: number): Normalization {
  if (normalize === undefined) return { mean: Array(channels).fill(0), std: Array(channels).fill(1) };
  return inContext('The model spec, "normalize"', () => {
    if (typeof normalize !== "object" || normalize === null || Array.isArray(normalize)) {
      throw new InputError(`it must be an object like { "mean": [0], "std": [1] }, not ${show(normalize)}`);
    }
    checkKeys(normalize, ["mean", "std"], "key");
    const { mean, std } = normalize as { mean: unknown; std: unknown };
    for (const [name, values] of Object.entries({ mean, std })) {
      const numbers = Array.isArray(values) && values.every((value) => Number.isFinite(value));
      if (!numbers || values.length !== channels || (name === "std" && values.some((value) => value <= 0))) {
        throw new InputError(
          `${name} must be a list of ${channels} ${name === "std" ? "positive " : ""}number${channels === 1 ? "" : "s"}, one for each channel, ${values === undefined ? "but it is missing" : `not ${show(values)}`}`,
        );
      }
    }
    const checked = { mean, std } as Normalization;
    for (const [channel, size] of checked.std.entries()) {
      const center = checked.mean[channel];
      const brightest = Math.max(Math.abs(center), Math.abs(1 - center)) / size;
      if (![center, size, brightest].every(fitsFloat32)) {
        throw new InputError(
          `mean, std and the pixels that they make of 0 and 1 must be 0 or from ${RANGE} in size, which is what float32 holds, but mean is ${center} and std ${size}`,
        );
      }
    }
    return checked;
  });
}
