import {
  type BuiltInName,
  builtIn,
  defineModel,
  InputError,
  initialParameters,
  parseModel,
  parseSpec,
} from "unravel-cnn";
import trainedAddress from "../../assets/one-conv.safetensors?url";
import type { Network } from "./network.js";

export interface NetworkChoice {
  readonly id: string;
  readonly title: string;
  readonly note: string;
}

/** What the page can show without a file. The first is what it opens with. */
export const choices: readonly NetworkChoice[] = [
  { id: "trained", title: "one-conv, 8 filters", note: "98.3% right on MNIST" },
  { id: "one-conv", title: "one-conv, 8 filters, fresh", note: "untrained" },
  { id: "lenet5", title: "lenet5, fresh", note: "untrained" },
  { id: "convnet", title: "convnet, fresh", note: "untrained" },
  { id: "small", title: "small, with batch norms, fresh", note: "untrained" },
  { id: "resnet", title: "resnet, with ways past its blocks, fresh", note: "untrained" },
];

/** Of the digits that visitors draw, and of those on the shelf. */
const DIGITS = [1, 28, 28] as const;

/** The network that the local server was started with. */
export const SERVED = "served";

/**
 * The network with this id.
 * @throws InputError if there is none, or its file is damaged; another error if it can't be fetched
 */
export async function networkOf(id: string): Promise<Network> {
  if (id === SERVED) return servedNetwork();
  const choice = choices.find((one) => one.id === id);
  if (!choice) {
    throw new InputError(
      `The link asks for a network "${id}", but there are ${choices.map((one) => one.id).join(", ")}.`,
    );
  }
  if (id === "trained") return { ...choice, ...parseModel(await fetchBytes(trainedAddress), choice.title) };
  const model = defineModel(builtIn(id as BuiltInName, { input: DIGITS }));
  return { ...choice, model, parameters: initialParameters(model, 0) };
}

async function servedNetwork(): Promise<Network> {
  const { title, trained } = JSON.parse(new TextDecoder().decode(await fetchBytes("served/network.json")));
  const saved = parseModel(await fetchBytes("served/network.safetensors"), title);
  return { id: SERVED, title, note: trained ? "" : "untrained", ...saved };
}

/**
 * A network from a file that a visitor opened: a trained model, or a spec.
 * @throws InputError if it is neither, or damaged
 */
export function networkFromFile(name: string, bytes: Uint8Array): Network {
  if (!name.toLowerCase().endsWith(".json")) {
    return { id: undefined, title: name, note: "", ...parseModel(bytes, name) };
  }
  try {
    const model = defineModel(parseSpec(new TextDecoder().decode(bytes)));
    return { id: undefined, title: name, note: "untrained", model, parameters: initialParameters(model, 0) };
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${name}: ${error.message}`) : error;
  }
}

async function fetchBytes(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok)
    throw new InputError(`The network could not be loaded: the server answered ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}
