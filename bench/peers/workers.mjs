// Web workers in Node, for systems that look for them: so that they can use as many threads as in a browser.
import { Worker as Thread } from "node:worker_threads";

/** What a page's worker finds around it. */
const around = `
const { parentPort } = require("node:worker_threads");
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on("message", (data) => globalThis.onmessage?.({ data }));
`;

/** Makes `Worker` (of sources in blobs), and a `navigator` that speaks of so many cores. */
export function provideWorkers(threads) {
  Object.defineProperty(globalThis, "navigator", {
    value: { hardwareConcurrency: threads },
    configurable: true,
  });
  const sources = new Map();
  const createObjectUrl = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    const url = createObjectUrl(blob);
    sources.set(url, blob.text());
    return url;
  };
  globalThis.Worker = class {
    #thread;
    constructor(url) {
      this.#thread = sources.get(url).then((source) => {
        const thread = new Thread(around + source, { eval: true });
        thread.unref();
        thread.on("message", (data) => this.onmessage?.({ data }));
        thread.on("error", (error) => this.onerror?.({ message: error.message }));
        return thread;
      });
    }
    postMessage(message) {
      this.#thread.then((thread) => thread.postMessage(message));
    }
    terminate() {
      this.#thread.then((thread) => thread.terminate());
    }
  };
}
