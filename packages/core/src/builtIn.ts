import {
  add,
  batchNorm2d,
  conv2d,
  dense,
  flatten,
  globalAveragePool2d,
  maxPool2d,
  relu,
  sequential,
} from "./builders.js";
import { InputError, show } from "./errors.js";
import type { ModelSpec } from "./graph/model.js";
import type { AnyLayerSpec } from "./layers/index.js";
import { didYouMean } from "./nearest.js";
import { type Checks, checkOptions, elsewhere, whole } from "./options.js";
import type { ImageShape } from "./tensor.js";

/* Networks that have a name, made for the images and classes that they are to be trained on. */

/** What a built-in model can be told. */
export interface BuiltInOptions {
  /** Default `[1, 28, 28]`, MNIST's. */
  readonly input?: ImageShape;
  /** Names of the classes; default `"0"` to `"9"`. */
  readonly classes?: readonly string[];
}

const MNIST_SHAPE: ImageShape = [1, 28, 28];

/** What they say is looked at where the model is defined, and `classes` where they are counted. */
const builtInChecks: Checks<BuiltInOptions> = {
  input: elsewhere,
  classes: (name, value) => {
    if (!Array.isArray(value)) throw new InputError(`${name} must be a list of names, not ${show(value)}`);
  },
};

/** The end of every built-in model, and the names of its classes if they were given. */
const classifier = (options: BuiltInOptions) => dense({ units: options.classes?.length ?? 10 });
const namesOf = ({ classes }: BuiltInOptions) => (classes ? { classes } : {});

/** The mission's network: one convolution 3x3, ReLU, max-pool, one dense layer. `filters` defaults to 8. */
export function oneConv(options: BuiltInOptions & { readonly filters?: number | undefined } = {}): ModelSpec {
  checkOptions("one-conv", options, { ...builtInChecks, filters: elsewhere });
  const { filters = 8 } = options;
  return sequential(
    options.input ?? MNIST_SHAPE,
    [conv2d({ filters, kernel: 3 }), relu(), maxPool2d({ size: 2 }), flatten(), classifier(options)],
    namesOf(options),
  );
}

/**
 * Three convolutions with batch normalisation, max-pools after the first two, one dense layer: 99% of MNIST's test images after seconds
 * of training. For pictures of at least 20x20.
 */
export function threeConv(options: BuiltInOptions = {}): ModelSpec {
  checkOptions("three-conv", options, builtInChecks);
  return sequential(
    options.input ?? MNIST_SHAPE,
    [
      conv2d({ filters: 8, kernel: 5, bias: false }),
      // before the norm, which then has a quarter of the numbers to go through
      maxPool2d({ size: 2 }),
      batchNorm2d(),
      relu(),
      conv2d({ filters: 16, kernel: 3, bias: false }),
      maxPool2d({ size: 2 }),
      batchNorm2d(),
      relu(),
      conv2d({ filters: 32, kernel: 3, bias: false }),
      batchNorm2d(),
      relu(),
      flatten(),
      classifier(options),
    ],
    namesOf(options),
  );
}

/** LeNet-5 in today's form (Y. LeCun et al., 1998, with ReLU and max-pooling). */
export function lenet5(options: BuiltInOptions = {}): ModelSpec {
  checkOptions("lenet5", options, builtInChecks);
  return sequential(
    options.input ?? MNIST_SHAPE,
    [
      conv2d({ filters: 6, kernel: 5, padding: 2 }),
      relu(),
      maxPool2d({ size: 2 }),
      conv2d({ filters: 16, kernel: 5 }),
      relu(),
      maxPool2d({ size: 2 }),
      flatten(),
      dense({ units: 120 }),
      relu(),
      dense({ units: 84 }),
      relu(),
      classifier(options),
    ],
    namesOf(options),
  );
}

/** A larger network, that of PyTorch's and Keras' MNIST examples without dropout. */
export function convnet(options: BuiltInOptions = {}): ModelSpec {
  checkOptions("convnet", options, builtInChecks);
  return sequential(
    options.input ?? MNIST_SHAPE,
    [
      conv2d({ filters: 32, kernel: 3 }),
      relu(),
      conv2d({ filters: 64, kernel: 3 }),
      relu(),
      maxPool2d({ size: 2 }),
      flatten(),
      dense({ units: 128 }),
      relu(),
      classifier(options),
    ],
    namesOf(options),
  );
}

/**
 * A residual network for small pictures (K. He et al., "Deep residual learning for image recognition", 2015, section 4.2): a
 * convolution 3x3, then three stages of blocks, each stage with twice the channels and half the size of the one before. A block is
 * two convolutions 3x3 with batch normalisation, added to what came in; where the size changes, that goes through a convolution
 * 1x1 first. Then the mean of each channel, and one dense layer.
 * @param options.width channels of the first stage; default 16
 * @param options.depth blocks in each stage; default 1: 12.6 million multiply-adds for an image of 3x32x32
 */
export function resnet(
  options: BuiltInOptions & {
    readonly width?: number | undefined;
    readonly depth?: number | undefined;
  } = {},
): ModelSpec {
  checkOptions("resnet", options, { ...builtInChecks, width: whole(1, 1024), depth: whole(1, 100) });
  const { width = 16, depth = 1 } = options;
  const layers: AnyLayerSpec[] = [
    conv2d({ filters: width, kernel: 3, padding: 1, bias: false }),
    batchNorm2d(),
    relu({ name: "stem" }),
  ];
  let before = "stem";
  for (const [stage, filters] of [width, 2 * width, 4 * width].entries()) {
    for (let block = 0; block < depth; block++) {
      const name = `block${stage * depth + block + 1}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const shortcut = stride === 1 ? before : `${name}_skip`;
      if (stride > 1) {
        layers.push(conv2d({ filters, kernel: 1, stride, bias: false }), batchNorm2d({ name: shortcut }));
      }
      layers.push(
        conv2d({ filters, kernel: 3, stride, padding: 1, bias: false, from: before }),
        batchNorm2d(),
        relu(),
        conv2d({ filters, kernel: 3, padding: 1, bias: false }),
        batchNorm2d({ name: `${name}_way` }),
        add({ from: [`${name}_way`, shortcut] }),
        relu({ name }),
      );
      before = name;
    }
  }
  return sequential(
    options.input ?? [3, 32, 32],
    [...layers, globalAveragePool2d(), classifier(options)],
    namesOf(options),
  );
}

/**
 * Seven convolutions 3x3 with batch normalisation for many small pictures, of at least 8x8: most of the work lies in layers with many
 * channels, where Winograd's method saves most of it. 33 million multiply-adds for an image of 3x32x32.
 */
export function sevenConv(options: BuiltInOptions = {}): ModelSpec {
  checkOptions("seven-conv", options, builtInChecks);
  const convolution = (filters: number, ...pool: readonly AnyLayerSpec[]) => [
    conv2d({ filters, kernel: 3, padding: 1, bias: false }),
    ...pool,
    batchNorm2d(),
    relu(),
  ];
  const half = maxPool2d({ size: 2 });
  return sequential(
    options.input ?? [3, 32, 32],
    [
      ...convolution(24, half),
      ...convolution(48),
      ...convolution(48),
      ...convolution(96, half),
      ...convolution(96),
      ...convolution(128, half),
      ...convolution(128),
      globalAveragePool2d(),
      classifier(options),
    ],
    namesOf(options),
  );
}

/** A network of fewer than 2,500 parameters for pictures of at least 22x22: four convolutions with batch normalisation, no dense layer but the last. */
export function small(options: BuiltInOptions = {}): ModelSpec {
  checkOptions("small", options, builtInChecks);
  const convolution = (filters: number) => [
    conv2d({ filters, kernel: 3, bias: false }),
    batchNorm2d(),
    relu(),
  ];
  return sequential(
    options.input ?? MNIST_SHAPE,
    [
      ...convolution(8),
      ...convolution(8),
      maxPool2d({ size: 2 }),
      ...convolution(8),
      maxPool2d({ size: 2 }),
      ...convolution(10),
      globalAveragePool2d(),
      classifier(options),
    ],
    namesOf(options),
  );
}

/** The built-in models by their names on the command line. */
export const builtInModels = {
  "one-conv": oneConv,
  "three-conv": threeConv,
  lenet5,
  convnet,
  small,
  resnet,
  "seven-conv": sevenConv,
} as const;

/** A built-in model by its name. */
export type BuiltInName = keyof typeof builtInModels;

/** What can be chosen of some built-in models, and of which. */
export interface BuiltInSizes {
  /** Filters of `one-conv`. */
  readonly filters?: number | undefined;
  /** Channels of `resnet`'s first stage. */
  readonly width?: number | undefined;
  /** Blocks in each of `resnet`'s stages. */
  readonly depth?: number | undefined;
}

const sizes: Readonly<Record<keyof BuiltInSizes, { readonly of: BuiltInName; readonly called: string }>> = {
  filters: { of: "one-conv", called: "The number of filters" },
  width: { of: "resnet", called: "The width" },
  depth: { of: "resnet", called: "The depth" },
};

/**
 * The spec of a built-in model.
 * @throws InputError if there is no such model, or a size is given for one that doesn't take it.
 */
export function builtIn(name: string, options: BuiltInOptions & BuiltInSizes = {}): ModelSpec {
  const names = Object.keys(builtInModels);
  if (!names.includes(name)) {
    throw new InputError(
      `There is no built-in model ${show(name)}${didYouMean(name, names)}; there are ${names.join(", ")}.`,
    );
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  for (const [size, { of, called }] of Object.entries(sizes)) {
    if (Object.hasOwn(given, size) && name !== of)
      throw new InputError(`${called} can be chosen for ${of} only; ${name} has its own.`);
  }
  return builtInModels[name as BuiltInName](given);
}
