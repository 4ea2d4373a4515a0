import type { Site } from "../../../cli/src/explore/site.js";

/*
 * Who starts which worker. The functions that run in the page are plain ones, for any browser's `evaluate`.
 */

const CHANNEL = "workers that a worker started";
const FAILING = `globalThis.Worker = class {
  constructor(url) {
    new BroadcastChannel("${CHANNEL}").postMessage(String(url));
    throw new Error("a worker started a worker");
  }
};\n`;

/** A site in whose workers no other worker can be started, and trying to is heard by the page. */
export function withoutNestedWorkers(site: Site): Site {
  const entries = [...site].map(([path, content]) => {
    const isWorker = /\/\w*[wW]orker-[\w-]+\.js$/.test(path) && content instanceof Uint8Array;
    return [path, isWorker ? Buffer.concat([Buffer.from(FAILING), content]) : content] as const;
  });
  return new Map(entries);
}

/** Runs in the page: from now on what it and its workers start is noted. It is told that it has four cores. */
export function noteWorkers(channel: string): void {
  const notes = { byPage: [] as string[], byWorkers: [] as string[] };
  const startedWorkers: Worker[] = [];
  const Original = Worker;
  globalThis.Worker = class extends Original {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      startedWorkers.push(this);
      notes.byPage.push(/\w*orker(?=-[\w-]+\.js$)/.exec(String(url))?.[0] ?? String(url));
    }
  };
  const broadcast = new BroadcastChannel(channel);
  broadcast.onmessage = ({ data }) => notes.byWorkers.push(data);
  Object.defineProperty(navigator, "hardwareConcurrency", { value: 4 });
  Object.assign(globalThis, { notes, startedWorkers });
}
noteWorkers.channel = CHANNEL;

/** Runs in the page: the names of the workers' files. */
export const notedWorkers = (): { byPage: string[]; byWorkers: string[] } =>
  (globalThis as unknown as { notes: ReturnType<typeof notedWorkers> }).notes;
