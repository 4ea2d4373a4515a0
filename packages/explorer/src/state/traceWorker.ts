import { type Circumstances, defineModel, type Model, type ModelSpec, type NamedTensors } from "unravel-cnn";
import { type Batch, traceBatch } from "./traceBatch.js";

/*
 * Traces large networks beside the page's own thread.
 */

export interface Question extends Batch {
  /** Given when the network is another one than before. */
  readonly spec?: ModelSpec;
  readonly parameters?: NamedTensors;
}

/** The trace without the parameters, which the page has. */
export interface Answer {
  readonly labels: ArrayLike<number>;
  readonly loss: number;
  readonly circumstances?: Circumstances | undefined;
  readonly tensors: NamedTensors;
  readonly error?: string;
}

let model: Model;
let parameters: NamedTensors;

self.onmessage = ({ data }: MessageEvent<Question>) => {
  try {
    if (data.spec && data.parameters) {
      model = defineModel(data.spec);
      parameters = data.parameters;
    }
    const { labels, loss, circumstances, tensors: all } = traceBatch(model, parameters, data);
    const tensors = Object.fromEntries(
      Object.entries(all).filter(([name]) => !Object.hasOwn(parameters, name)),
    );
    const buffers = new Set(Object.values(tensors).map(({ data: { buffer } }) => buffer as ArrayBuffer));
    self.postMessage({ labels, loss, circumstances, tensors } satisfies Answer, { transfer: [...buffers] });
  } catch (error) {
    self.postMessage({ labels: [], loss: 0, tensors: {}, error: String(error) } satisfies Answer);
  }
};
