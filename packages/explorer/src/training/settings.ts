import {
  type AnyLayerSpec,
  type AugmentOptions,
  type BuiltInName,
  builtIn,
  conv2d,
  type Dataset,
  dense,
  flatten,
  InputError,
  type ModelSpec,
  maxPool2d,
  type OptimizerName,
  optimizerNames,
  relu,
  type Schedule,
  schedules,
  sequential,
} from "unravel-cnn";

/**
 * Where images can come from: drawn by the program, known by name, four files that the visitor has, or pictures that were collected
 * on the page.
 */
export type DataName = "digits" | "mnist" | "fashion-mnist" | "files" | "collected";

/** Networks that have a name, besides that of the settings' own layers. */
export const namedNetworks = ["one-conv", "lenet5", "resnet"] as const satisfies readonly BuiltInName[];
export type NamedNetwork = (typeof namedNetworks)[number];

/** What trains: WebAssembly, a GPU, or whichever of them is faster. */
export type TrainingEngine = "wasm" | "webgpu" | "auto";

/** All that a training follows from: with the same settings and the same images come the same weights, bit for bit. */
export interface Settings {
  readonly data: DataName;
  /** Use the first so many training images. */
  readonly images: number;
  /** Of these, so many are set aside, and what the network makes of them is looked at while it learns. */
  readonly validation: number;
  /** `layers`: that of the next four settings. */
  readonly network: "layers" | NamedNetwork;
  /** Of the first convolution. */
  readonly filters: number;
  /** Side of the kernels, in pixels. */
  readonly kernel: number;
  /** Of a second convolution; 0: there is none. */
  readonly filters2: number;
  /** Units of a dense layer before the last; 0: there is none. */
  readonly units: number;
  readonly optimizer: OptimizerName;
  /** The largest of the schedule; undefined: what fits the optimizer and the batch size. */
  readonly learningRate: number | undefined;
  readonly schedule: Schedule;
  readonly batchSize: number;
  readonly epochs: number;
  /** Whether images are moved, turned and so on by chance each time. */
  readonly augment: boolean;
  /** Of the first weights, the order of the images, and which are set aside. */
  readonly seed: number;
  /** A GPU rounds otherwise than WebAssembly, and than another GPU. */
  readonly engine: TrainingEngine;
}

/** The command line's, with fewer images, because most pages have to draw them first. */
export const defaults: Settings = {
  data: "digits",
  images: 10_000,
  validation: 1000,
  network: "layers",
  filters: 8,
  kernel: 3,
  filters2: 0,
  units: 0,
  optimizer: "adam",
  learningRate: undefined,
  schedule: "one-cycle",
  batchSize: 32,
  epochs: 3,
  augment: false,
  seed: 0,
  engine: "wasm",
};

type NumberName = {
  [Name in keyof Settings]: Settings[Name] extends number ? Name : never;
}[keyof Settings];

/** From what to what each number goes. */
export const ranges: Readonly<Record<NumberName, readonly [least: number, most: number]>> = {
  images: [1, 60_000],
  validation: [0, 30_000],
  filters: [1, 64],
  kernel: [1, 9],
  filters2: [0, 64],
  units: [0, 256],
  batchSize: [1, 4096],
  epochs: [1, 1000],
  seed: [0, 0xffffffff],
};

/** What trains, in a form. */
export const engineNames: Readonly<Record<TrainingEngine, string>> = {
  wasm: "WebAssembly",
  webgpu: "GPU",
  auto: "whichever is faster",
};
export const engines = Object.keys(engineNames) as readonly TrainingEngine[];

export const dataTitles: Readonly<Record<DataName, string>> = {
  digits: "drawn digits",
  mnist: "MNIST",
  "fashion-mnist": "Fashion-MNIST",
  files: "your four files",
  collected: "your own classes",
};
export const dataNames = Object.keys(dataTitles) as readonly DataName[];

const titles: Readonly<Record<NumberName, string>> = {
  images: "number of training images",
  validation: "number of images set aside",
  filters: "number of filters",
  kernel: "kernel's side",
  filters2: "number of filters of the second convolution",
  units: "number of units",
  batchSize: "batch size",
  epochs: "number of epochs",
  seed: "seed",
};

/** @throws InputError that names the first setting that can't be used */
export function checkSettings(settings: Settings): void {
  for (const [name, [least, most]] of Object.entries(ranges) as [NumberName, readonly [number, number]][]) {
    const value = settings[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new InputError(`The ${titles[name]} must be a whole number from ${least} to ${most}.`);
    }
  }
  const { learningRate, images, validation } = settings;
  if (learningRate !== undefined && !(learningRate > 0 && Number.isFinite(learningRate))) {
    throw new InputError("The learning rate must be a number above 0.");
  }
  if (validation >= images) {
    throw new InputError(`Of ${images} training images ${validation} can't be set aside: some must be left.`);
  }
}

/** What a data set tells about its images. */
type About = Pick<Dataset, "shape" | "classes">;

const DIGITS: About = { shape: [1, 28, 28], classes: [..."0123456789"] };

/**
 * The network: one that has a name, or a convolution with ReLU and max-pool, perhaps a second one, perhaps a dense layer with ReLU, and
 * a dense layer with a unit for each class. With neither it is `one-conv`.
 * @param rule how pictures become its inputs, where that is not as usual
 */
export function specOf(
  settings: Settings,
  { shape, classes }: About = DIGITS,
  rule: Pick<ModelSpec, "pictures" | "normalize"> = {},
): ModelSpec {
  const { network, filters, kernel, filters2, units } = settings;
  if (network !== "layers") return { ...builtIn(network, { input: shape, classes }), ...rule };
  const convolution = (count: number): AnyLayerSpec[] =>
    count === 0 ? [] : [conv2d({ filters: count, kernel }), relu(), maxPool2d({ size: 2 })];
  const spec = sequential(
    shape,
    [
      ...convolution(filters),
      ...convolution(filters2),
      flatten(),
      ...(units === 0 ? [] : [dense({ units }), relu()]),
      dense({ units: classes.length }),
    ],
    { classes },
  );
  return { ...spec, ...rule };
}

/**
 * How images are changed by chance. Nothing is mirrored: a hand that points left may be one class, and right another.
 */
export function augmentFor([channels, height, width]: Dataset["shape"]): AugmentOptions {
  const shift = Math.max(1, Math.round(Math.min(height, width) / 14));
  const moved = { shift, rotate: 10, scale: 0.1 };
  return channels === 1 ? { ...moved, shear: 5 } : { ...moved, brightness: 0.15, contrast: 0.15 };
}

/** What the learning rate does in training, of each schedule. */
export const rateNames: Readonly<Record<Schedule, string>> = {
  constant: "stays the same",
  cosine: "falls",
  "one-cycle": "rises, then falls",
};

/** What the network is called. */
export function titleOf({ network, filters, kernel, filters2, units }: Settings): string {
  if (network !== "layers") return network;
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const size = kernel === 3 ? "" : ` of ${kernel}×${kernel}`;
  const second = filters2 === 0 ? "" : ` and ${filters2}`;
  const wide = units === 0 ? "" : `, ${many(units, "unit")}`;
  const name = filters2 === 0 && units === 0 && kernel === 3 ? "one-conv, " : "";
  return `${name}${filters2 === 0 ? many(filters, "filter") : `${filters}${second} filters`}${size}${wide}`;
}

/**
 * The command that comes to the same weights, bit for bit; undefined for networks that the command line has no name for, for
 * images that only the visitor has, and for GPUs. It names the network, since the command line would choose another one.
 */
export function commandFor(settings: Settings): string | undefined {
  const { kernel, filters2, units, data, learningRate, network, augment, engine } = settings;
  const hasLayers = network === "layers";
  if (hasLayers && (kernel !== 3 || filters2 > 0 || units > 0)) return undefined;
  if (data === "files" || data === "collected" || engine !== "wasm") return undefined;
  const words = [`unravel train --model ${hasLayers ? "one-conv" : network}`];
  if (hasLayers && settings.filters !== 8) words.push(`--filters ${settings.filters}`);
  words.push(`--data ${data} --limit ${settings.images}`);
  const add = (option: string, name: keyof Settings, usual: Settings[keyof Settings]) => {
    if (settings[name] !== usual) words.push(`--${option} ${settings[name]}`);
  };
  add("validation", "validation", 0);
  add("optimizer", "optimizer", defaults.optimizer);
  if (learningRate !== undefined) words.push(`--learning-rate ${learningRate}`);
  add("schedule", "schedule", defaults.schedule);
  add("batch-size", "batchSize", defaults.batchSize);
  add("epochs", "epochs", defaults.epochs);
  add("seed", "seed", defaults.seed);
  if (augment) {
    const changes = Object.entries(augmentFor(DIGITS.shape)); // the data sets that have a name are like them
    words.push(`--augment ${changes.map(([change, amount]) => `${change}=${amount}`).join(",")}`);
  }
  return words.join(" ");
}

/* Settings in a link: each under its own word, and only those that aren't the defaults. */

const numberWords: Readonly<Record<NumberName, string>> = {
  images: "images",
  validation: "validation",
  filters: "filters",
  kernel: "kernel",
  filters2: "filters2",
  units: "units",
  batchSize: "batch",
  epochs: "epochs",
  seed: "seed",
};

export function settingsWords(settings: Settings): Record<string, string> {
  const words: Record<string, string> = {};
  const add = (name: keyof Settings, word: string) => {
    if (settings[name] !== defaults[name]) words[word] = String(settings[name]);
  };
  add("data", "data");
  for (const [name, word] of Object.entries(numberWords)) add(name as NumberName, word);
  add("network", "layers");
  add("augment", "augment");
  add("optimizer", "optimizer");
  add("learningRate", "rate");
  add("schedule", "schedule");
  add("engine", "engine");
  return words;
}

/** What a link says; what can't be used in it is as it is by default. */
export function settingsFrom(word: (name: string) => string | undefined): Settings {
  const settings: Record<string, unknown> = { ...defaults };
  const oneOf = (name: keyof Settings, choices: readonly string[]) => {
    const chosen = word(name);
    if (chosen !== undefined && choices.includes(chosen)) settings[name] = chosen;
  };
  oneOf("data", dataNames);
  oneOf("optimizer", optimizerNames);
  oneOf("schedule", schedules);
  oneOf("engine", engines);
  if (namedNetworks.includes(word("layers") as NamedNetwork)) settings.network = word("layers");
  settings.augment = word("augment") === "true";
  for (const [name, [least, most]] of Object.entries(ranges) as [NumberName, readonly [number, number]][]) {
    const text = word(numberWords[name]);
    const value = Number(text);
    if (text !== undefined && /^\d{1,10}$/.test(text) && value >= least && value <= most)
      settings[name] = value;
  }
  const rate = Number(word("rate"));
  if (rate > 0 && Number.isFinite(rate)) settings.learningRate = rate;
  const { images, validation } = settings as unknown as Settings;
  if (validation >= images) settings.validation = 0;
  return settings as unknown as Settings;
}
