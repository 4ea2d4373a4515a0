import {
  EVALUATION,
  InputError,
  type Model,
  type Picture,
  parseTraceJson,
  parseTraceNpz,
  preparePicture,
  type Trace,
} from "unravel-cnn";
import type { Explorer } from "../state/explorer.svelte.js";
import { networkFromFile } from "../state/networks.js";

/** Larger files are none that this page can show. */
const MOST_BYTES = 256 * 2 ** 20;

/** What can be opened, for the file dialog. */
export const OPENABLE = ".safetensors,.json,.npz,image/*";

/**
 * Opens a file: a network (.safetensors, or a spec .json), a picture, or a trace (.npz of the network that is shown, .json).
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
    if (trace.labels.length !== trace.tensors.x.shape[0]) {
      throw new InputError(
        `${file.name}: its images have several labels at once, and the page knows one right class for each; look at it with explain() of the library.`,
      );
    }
    explorer.showTrace(trace, file.name);
  };
  if (extension === ".npz") {
    show(traceInNpz(explorer.network.model, bytes, file.name));
  } else if (extension === ".json" && isTrace(bytes)) {
    show(parseTraceJson(new TextDecoder().decode(bytes), file.name));
  } else if (extension === ".json" || extension === ".safetensors") {
    explorer.show(networkFromFile(file.name, bytes));
  } else {
    throw new InputError(
      `${file.name}: the page opens pictures, networks (.safetensors, .json) and traces (.npz, .json).`,
    );
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

/** Puts a picture on the pad. */
export async function openPicture(explorer: Explorer, blob: Blob, name: string): Promise<void> {
  const picture = await pictureOf(blob, name);
  const { model } = explorer.network;
  try {
    const { input, done, doubts } = preparePicture(model, picture);
    explorer.draw({ base: { kind: "pixels", shape: model.inputShape, bytes: input }, strokes: [] });
    const remarks = [...done, ...doubts.map((doubt) => `not sure: ${doubt}`)];
    if (remarks.length > 0) explorer.tell(`${name}: ${remarks.join("; ")}.`, doubts.length > 0);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${name}: ${error.message}`) : error;
  }
}

async function pictureOf(blob: Blob, name: string): Promise<Picture> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    throw new InputError(`${name}: it is damaged, or no picture that this browser can read.`);
  }
  // no more pixels than are looked at
  const scale = Math.min(1, 2048 / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const { width, height, data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return { width, height, channels: 4, depth: 8, data };
}
