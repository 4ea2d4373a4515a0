import { execFileSync } from "node:child_process";
import fc from "fast-check";
import {
  builtIn,
  defineModel,
  formatNpz,
  type LossSpec,
  loadBatch,
  type Model,
  type ModelSpec,
  type NamedTensors,
  randomStream,
  sizeOf,
  type Tensor,
  textbook,
  trace,
  type WritableArray,
} from "unravel-cnn";
import { engineNetworks } from "../../../core/test/support/engineNetworks.js";
import { networks, randomParameters, rareLayers } from "../../../core/test/support/networks.js";
import { normNetworks } from "../../../core/test/support/normNetworks.js";

/* Networks whose programs are run, with a few images, and what the textbook says to these. */

export interface ProgramCase {
  readonly model: Model;
  readonly parameters: NamedTensors;
  /** Bytes, `[IMAGES, C, H, W]`. */
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

export const IMAGES = 3;

const losses: readonly (LossSpec | undefined)[] = [
  undefined,
  { type: "softmaxCrossEntropy", labelSmoothing: 0.1 },
  { type: "meanSquaredError" },
  { type: "binaryCrossEntropy" },
];

/** All that windows can do at once, in one network: whatever its functions may have to know. */
const everyOption: ModelSpec = {
  input: [2, 9, 8],
  normalize: { mean: [0.1, 0.5], std: [0.3, 2] },
  layers: [
    {
      type: "conv2d",
      filters: 4,
      kernel: [3, 2],
      stride: [2, 1],
      padding: [2, 0, 1, 3],
      dilation: [1, 2],
      groups: 2,
    },
    { type: "relu", name: "class" },
    { type: "maxPool2d", size: [2, 3], stride: 1, padding: [1, 2, 0, 1], name: "train" },
    { type: "conv2d", filters: 4, kernel: 2, padding: 1, bias: false, name: "float" },
    { type: "averagePool2d", size: 3, stride: 2, padding: [2, 2, 0, 1] },
    { type: "add", from: ["avgpool1", "avgpool1", "avgpool1"], name: "images" },
    { type: "concat", from: ["images", "avgpool1", "images"] },
    { type: "dropout", rate: 0.25 },
    { type: "batchNorm2d", eps: 0.01 },
    { type: "leakyRelu", slope: 0.2, name: "T" },
    { type: "flatten" },
    { type: "dense", units: 5, bias: false, name: "forward" },
    { type: "batchNorm1d", momentum: 0.7 },
    { type: "relu6" },
    { type: "dense", units: 3 },
  ],
};

/** Windows of one kind, so that functions know less: strides alone, dilations alone, pools alone. */
const someOptions: readonly ModelSpec[] = [
  { input: [1, 8, 8], layers: [...chain({ type: "conv2d", filters: 2, kernel: 2, stride: 3 })] },
  {
    input: [1, 8, 8],
    layers: [...chain({ type: "conv2d", filters: 2, kernel: 3, dilation: 2, bias: false })],
  },
  {
    input: [2, 7, 7],
    layers: [
      { type: "conv2d", filters: 2, kernel: 2, dilation: 2 },
      { type: "maxPool2d", size: 2 },
      ...chain({ type: "conv2d", filters: 2, kernel: 2 }),
    ],
  },
  { input: [1, 5, 5], layers: [...chain({ type: "averagePool2d", size: 3, stride: 1, padding: 1 })] },
  { input: [1, 1, 3], layers: [{ type: "flatten" }] },
  {
    input: [2, 3, 3],
    normalize: { mean: [0.5, 0], std: [0.2, 1] },
    layers: [{ type: "relu" }, { type: "globalAveragePool2d" }],
  },
];

function chain(layer: ModelSpec["layers"][number]): ModelSpec["layers"] {
  return [layer, { type: "tanh" }, { type: "flatten" }, { type: "dense", units: 3 }];
}

/** The networks that are always among them, and so many random ones. */
export function programCases(random: number, seed = 1): ProgramCase[] {
  const drawn = [networks, engineNetworks, normNetworks].flatMap((kind, k) =>
    fc.sample(kind, { seed: seed + k, numRuns: Math.ceil(random / 3) }),
  );
  const specs: ModelSpec[] = [
    builtIn("one-conv", { input: [1, 12, 12] }),
    builtIn("lenet5", { input: [1, 16, 16] }),
    builtIn("resnet", { input: [3, 8, 8], width: 4 }),
    rareLayers,
    everyOption,
    ...someOptions,
    ...drawn.map(({ spec }) => spec),
  ];
  return specs.map((spec, k) => {
    const loss = losses[k % losses.length];
    return caseOf({ ...spec, ...(loss && { loss }) }, seed + k);
  });
}

/** A network with parameters and images of chance. */
export function caseOf(spec: ModelSpec, seed: number): ProgramCase {
  const model = defineModel(spec);
  const parameters = Object.fromEntries(
    Object.entries(randomParameters(model as never, seed)).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data) },
    ]),
  );
  const random = randomStream(seed, "images");
  const size = IMAGES * sizeOf(model.inputShape);
  const images = Uint8Array.from({ length: size }, (_, k) => Math.floor(256 * random.uniform(k)));
  const labels = Uint8Array.from({ length: IMAGES }, (_, n) =>
    Math.floor(model.classes.length * random.uniform(size + n)),
  );
  return { model, parameters, images, labels };
}

/** The images as they go in. */
export const batchOf = ({ model, images }: ProgramCase, order: readonly number[] = [0, 1, 2]): Tensor =>
  loadBatch(images, model.inputShape, order, model.normalize);

/** What the textbook says to the images. */
export const textbookTrace = (one: ProgramCase, mode: "training" | "evaluation") =>
  trace(one.model, one.parameters, batchOf(one), one.labels, { mode, step: 1 });

/** What dropouts multiply with in a step of a training, one array for each, in the order of the layers. */
export function masksOf({ model }: ProgramCase, step: number): Tensor[] {
  return model.layers
    .filter(({ spec }) => spec.type === "dropout")
    .map(({ resolved, node }) => {
      const shape = [IMAGES, ...resolved.inputShape];
      const ones = { shape, data: new Float32Array(sizeOf(shape)).fill(1) };
      return textbook.dropout.forward(
        resolved as never,
        [ones],
        {},
        { mode: "training", seed: 0, step, node },
      );
    });
}

/** Images, labels and masks for a program to read. */
export function inputsOf(one: ProgramCase, more: Readonly<Record<string, WritableArray>> = {}): Uint8Array {
  const { model, images, labels } = one;
  const masks = [1, 2].flatMap((step) =>
    masksOf(one, step).map(
      ({ shape, data }, k) => [`mask.${step}.${k}`, { shape, data: Float32Array.from(data) }] as const,
    ),
  );
  return formatNpz({
    images: { shape: [IMAGES, ...model.inputShape], data: images },
    labels: { shape: [IMAGES], data: Int32Array.from(labels) },
    ...Object.fromEntries(masks),
    ...more,
  });
}

/** The largest number of an array, whatever its sign. */
export function largest(data: ArrayLike<number>): number {
  let most = 0;
  for (let k = 0; k < data.length; k++) most = Math.max(most, Math.abs(data[k]));
  return most;
}

/**
 * By how much two arrays differ at most, as a share of the largest number of the right one.
 * @param floor what the difference is a share of at least
 */
export function difference(actual: ArrayLike<number>, right: ArrayLike<number>, floor = 0): number {
  if (actual.length !== right.length) return Infinity;
  let off = 0;
  for (let k = 0; k < right.length; k++) {
    off = Math.max(off, Number.isNaN(actual[k]) ? Infinity : Math.abs(actual[k] - right[k]));
  }
  return off === 0 ? 0 : off / Math.max(largest(right), floor, 1e-6);
}

/** Whether a command runs here. */
export function runs(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
