import { EVALUATION, InputError, type Model, parseTraceJson, parseTraceNpz, type Trace } from "unravel-cnn";
import { pixelsOf } from "unravel-files";
import type { Explorer } from "../state/explorer.svelte.js";
import { networkFromFile } from "../state/networks.js";
import { openedFor } from "../state/openedPicture.js";

/** Larger files are none that this page can show. */
const MOST_BYTES = 256 * 2 ** 20;

/** What can be opened, for the file dialog. */
export const OPENABLE = ".safetensors,.json,.npz,.onnx,.h5,.hdf5,.keras,image/*";

/**
 * Opens a file: a network (.safetensors, a spec .json, or one of ONNX or Keras), a picture, or a trace (.npz of the network that is shown, .json).
 * What is on the page stays if that fails.
 * @throws InputError in one sentence
 */
export async function openFile(explorer: Explorer, file: File): Promise<void> {
  if (file.size > MOST_BYTES) {
    throw new InputError(
      `${file.name}: it is larger than ${MOST_BYTES / 2 ** 20} MiB, too large for this page.`,
    );
  }
  if (file.type.startsWith("image/")) return openPicture(explorer, file, file.name);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const extension = /\.[^.]*$/.exec(file.name)?.[0].toLowerCase();
  const show = (trace: Trace) => {
    explorer.showTrace(trace, file.name);
  };
  if (extension === ".npz") {
    show(
      withHint(
        () => traceInNpz(explorer.network.model, bytes, file.name),
        "Arrays of your own implementation are compared by Open, Check yours.",
      ),
    );
  } else if (extension === ".json" && isTrace(bytes)) {
    show(parseTraceJson(new TextDecoder().decode(bytes), file.name));
  } else if (extension !== undefined && (ELSEWHERE.includes(extension) || isLayersModel(extension, bytes))) {
    const { networkFromElsewhere } = await import("./elsewhere.js");
    const { network, remarks } = await networkFromElsewhere(file.name, bytes);
    explorer.show(network);
    if (remarks.length > 0) explorer.tell(remarks.join(" "), false);
  } else if (extension === ".json" || extension === ".safetensors") {
    explorer.show(networkFromFile(file.name, bytes));
  } else {
    throw new InputError(
      `${file.name}: the page opens pictures, networks (.safetensors, .json, .onnx, .h5, .keras) and traces (.npz, .json).`,
    );
  }
}

/** Files of other programs that hold a network. */
const ELSEWHERE = [".onnx", ".h5", ".hdf5", ".keras"];

/** TensorFlow.js's description of a network is JSON, too. */
function isLayersModel(extension: string, bytes: Uint8Array): boolean {
  return extension === ".json" && /"modelTopology"\s*:/.test(new TextDecoder().decode(bytes));
}

/** Adds to a refusal what may have been meant. */
function withHint<T>(work: () => T, hint: string): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${error.message} ${hint}`) : error;
  }
}

/** If the file doesn't say whether it is a step of a training, a trace of one image counts as one that was predicted. */
function traceInNpz(model: Model, bytes: Uint8Array, name: string): Trace {
  return parseTraceNpz(model, bytes, name, (images) => (images > 1 ? undefined : EVALUATION));
}

/** Both specs and traces are JSON; a trace has tensors. */
function isTrace(bytes: Uint8Array): boolean {
  return /"tensors"\s*:/.test(new TextDecoder().decode(bytes));
}

/**
 * Puts a picture on the pad: what the network takes of it is what `unravel predict` makes of the same pixels.
 * @throws InputError that names it, if it can't be read, or the network can't take it
 */
export async function openPicture(explorer: Explorer, blob: Blob, name: string): Promise<void> {
  try {
    const picture = await pixelsOf(blob);
    const { base, done, doubts } = openedFor(explorer.network.model, picture);
    explorer.draw({ base, strokes: [] });
    const remarks = [...done, ...doubts.map((doubt) => `not sure: ${doubt}`)];
    if (remarks.length > 0) explorer.tell(`${name}: ${remarks.join("; ")}.`, doubts.length > 0);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const [first, ...rest] = error.message;
    throw new InputError(`${name}: ${first.toLowerCase()}${rest.join("")}`);
  }
}
