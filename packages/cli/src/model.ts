import { basename, extname } from "node:path";
import { Option } from "commander";
import {
  type BuiltInSizes,
  builtIn,
  builtInModels,
  type Dataset,
  defineModel,
  type Init,
  InputError,
  initialParameters,
  LONGEST_SPEC,
  labelsPerImage,
  type Model,
  type ModelSpec,
  type NamedTensors,
  parseSpec,
  parseStateDict,
} from "unravel-cnn";
import { readBytes, readModel } from "unravel-cnn/node";
import { didYouMean, wholeNumber } from "./options.js";
import { printLines } from "./terminal/output.js";

/** The options that choose the size of a built-in model. */
export const SIZE_OPTIONS = {
  filters: new Option("--filters <n>", "filters of one-conv (default: 8)").argParser(
    wholeNumber("--filters", 1),
  ),
  width: new Option("--width <n>", "channels of resnet's first stage (default: 16)").argParser(
    wholeNumber("--width", 1),
  ),
  depth: new Option("--depth <n>", "blocks in each of resnet's three stages (default: 1)").argParser(
    wholeNumber("--depth", 1),
  ),
};

/** The network of a file that holds only weights. */
export const SPEC_OPTION = new Option(
  "--spec <file>",
  "the network, a spec .json, of a .safetensors that PyTorch wrote (a state_dict)",
);

/** Those of the options that choose a built-in model's size. */
export function sizesOf({ filters, width, depth }: BuiltInSizes): BuiltInSizes {
  return Object.fromEntries(
    Object.entries({ filters, width, depth }).filter(([, value]) => value !== undefined),
  );
}

export interface ModelChoice extends BuiltInSizes {
  /** A built-in name, or the path of a spec or of a trained model. */
  readonly model: string;
  /** The file with the spec of a `.safetensors` that carries none, as PyTorch's users write them. */
  readonly spec?: string | undefined;
  readonly init?: Init | undefined;
  readonly seed: number;
  /** Takes what a person should know of tensors that the file has and the network doesn't use; default: stderr does. */
  readonly say?: (remark: string) => void;
}

export interface LoadedModel {
  /** For people. */
  readonly title: string;
  readonly model: Model;
  readonly parameters: NamedTensors;
  /** Whether the parameters come from a file, and not fresh from the seed. */
  readonly trained: boolean;
}

/**
 * The network that was chosen. A spec without class names gets those of `data`; a built-in model also its image size, and the loss that
 * goes with several labels at once, if the data have them.
 * @throws InputError if there is no such model, or its file is damaged
 */
export async function loadModel(choice: ModelChoice, data?: Dataset): Promise<LoadedModel> {
  const { model: name, init, seed } = choice;
  const sizes = sizesOf(choice);
  const extension = extname(name).toLowerCase();
  const title = basename(name);
  const [size] = Object.keys(sizes);
  if (size !== undefined && (extension === ".json" || extension === ".safetensors")) {
    const owner = size === "filters" ? "one-conv" : "resnet";
    throw new InputError(`--${size} goes with the built-in model ${owner}, not with the file ${name}.`);
  }
  if (extension === ".safetensors" && init !== undefined)
    throw new InputError(`--init goes with fresh weights, but ${name} brings its own.`);
  const sayLeftOut = (leftOut: readonly string[]) => {
    if (leftOut.length > 0) (choice.say ?? toStderr)(remarkOn(leftOut, name));
  };
  if (choice.spec !== undefined) {
    if (extension !== ".safetensors")
      throw new InputError(`--spec says which network a .safetensors file is of, but ${name} is none.`);
    const spec = await readSpec(choice.spec);
    inFile(choice.spec, () => defineModel(spec));
    const { model, parameters, leftOut } = parseStateDict(await readBytes(name), name, spec);
    sayLeftOut(leftOut);
    return { title, model: named(model, data), parameters, trained: true };
  }
  if (extension === ".safetensors") {
    const { model, parameters, leftOut } = await readModel(name);
    sayLeftOut(leftOut);
    return { title, model, parameters, trained: true };
  }
  const spec = extension === ".json" ? await readSpec(name) : builtInSpec(name, sizes, data);
  const model =
    extension === ".json" ? inFile(name, () => named(defineModel(spec), data)) : defineModel(spec);
  let parameters: NamedTensors | undefined;
  return {
    title: name === "one-conv" ? titleOfOneConv(model) : title,
    model,
    // drawn when they are asked for: for a large network that takes a while, and many commands need none
    get parameters() {
      parameters ??= initialParameters(model, seed, init);
      return parameters;
    },
    trained: false,
  };
}

/**
 * The network of a file that brings its own input, so that pictures can be made to it; undefined for a built-in one.
 * @throws InputError if the file can't be read or is damaged
 */
export async function modelOfFile(name: string, spec?: string): Promise<Model | undefined> {
  if (!/\.(json|safetensors)$/i.test(name)) return undefined;
  // what is left out is said when the model itself is loaded
  return (await loadModel({ model: name, spec, seed: 0, say: () => {} })).model;
}

const toStderr = (line: string) => printLines([line], process.stderr);

function remarkOn(leftOut: readonly string[], file: string): string {
  const more = leftOut.length > 3 ? ` and ${leftOut.length - 3} more` : "";
  return `${file}: left out, because nothing is computed from it: ${leftOut.slice(0, 3).join(", ")}${more}.`;
}

function builtInSpec(name: string, sizes: BuiltInSizes, data: Dataset | undefined): ModelSpec {
  if (!Object.hasOwn(builtInModels, name)) {
    throw new InputError(
      `There is no built-in model "${name}"${didYouMean(name, Object.keys(builtInModels))}; there are ${Object.keys(builtInModels).join(", ")}, or give a file that ends in .json or .safetensors.`,
    );
  }
  const spec = builtIn(name, {
    ...(data && { input: data.shape, classes: data.classes }),
    ...sizes,
  });
  const several = data !== undefined && labelsPerImage(data) > 1;
  return several ? { ...spec, loss: { type: "binaryCrossEntropy" } } : spec;
}

function titleOfOneConv(model: Model): string {
  const [filters] = model.layers[0].outputShape;
  return `one-conv, ${filters} filter${filters === 1 ? "" : "s"}`;
}

/** A spec file. @throws InputError if it can't be read or is no JSON */
export async function readSpec(path: string): Promise<ModelSpec> {
  const bytes = await readBytes(path, LONGEST_SPEC);
  return inFile(path, () => parseSpec(new TextDecoder().decode(bytes)));
}

/** A model whose spec doesn't name its classes gets the names of the data's, if there are as many. */
function named(model: Model, data: Dataset | undefined): Model {
  const missing = model.spec.classes === undefined && data?.classes.length === model.classes.length;
  return missing ? defineModel({ ...model.spec, classes: data.classes }) : model;
}

/** Runs `work`; mistakes found in it get the file's name before them. */
export function inFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof InputError) throw new InputError(`${path}: ${error.message}`);
    throw error;
  }
}
