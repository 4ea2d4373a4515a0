import { type EngineWorker, listen, moved, type StartWorker, start, type WebWorker } from "./engineWorker.js";
import { startOwnWorker } from "./host.js";

/*
 * An engine in a worker whose own workers are started by the page: Firefox sometimes never comes back from starting a
 * worker in a worker. The two are connected by a port; each worker then speaks with the engine through one of its own.
 */

/** What moves to the other thread: a `MessagePort`, where there is that type. */
export type WorkersPort = typeof globalThis extends { MessagePort: { prototype: infer Port } } ? Port : never;

/** Workers that are lent to another thread. */
export interface LentWorkers {
  /** For `borrowWorkers`: send it to the other thread, and transfer it. */
  readonly port: WorkersPort;
  /** Ends them all; call it when the other thread has ended. */
  end(): Promise<void>;
}

/** From the borrower: a worker is to be started, and to speak through this port; or to be ended. */
type Order =
  | { readonly type: "start"; readonly id: number; readonly port: WorkersPort }
  | { readonly type: "end"; readonly id: number };

/** From the lender: a worker has ended by itself; or all, because the lender has ended them. */
type News =
  | { readonly type: "dead"; readonly id: number; readonly reason: string }
  | { readonly type: "over" };

/**
 * Starts workers for an engine in another thread, which gets them by `borrowWorkers`:
 *
 *     const training = new Worker(new URL("./training.js", import.meta.url), { type: "module" });
 *     const workers = lendWorkers();
 *     training.postMessage({ port: workers.port }, [workers.port]);
 *     // in training.js, with the port that it was sent
 *     const engine = await createEngine(spec, { startWorker: borrowWorkers(port) });
 *
 * @param startWorker as the option of `createEngine`
 */
export function lendWorkers(startWorker: StartWorker = startOwnWorker): LentWorkers {
  const { port1: own, port2: port } = new MessageChannel();
  const lent = new Map<number, EngineWorker>();
  const tell = (news: News) => own.postMessage(news);
  const begin = (id: number, channel: MessagePort) => {
    const worker = start(startWorker);
    lent.set(id, worker);
    const dead = (reason: string) => {
      if (!lent.delete(id)) return;
      worker.terminate(); // after an error it may still be there
      tell({ type: "dead", id, reason });
    };
    listen(worker, () => {}, dead);
    worker.postMessage({ type: "serve", port: channel }, moved([channel]));
  };
  const end = async () => {
    tell({ type: "over" });
    own.close();
    const workers = [...lent.values()];
    lent.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  hear(own, (order: Order) => {
    const { id } = order;
    if (order.type === "end") {
      const worker = lent.get(id);
      lent.delete(id);
      worker?.terminate();
      return;
    }
    try {
      begin(id, order.port);
    } catch (error) {
      tell({ type: "dead", id, reason: (error as Error).message });
    }
  });
  own.addEventListener("close", () => void end()); // where it is told, the other thread need not be watched
  return { port, end };
}

/** What an engine takes as `startWorker` to get its workers from another thread, which has called `lendWorkers`. */
export function borrowWorkers(port: WorkersPort): StartWorker {
  const borrowed = new Map<number, BorrowedWorker>();
  let count = 0;
  let isOver = false;
  const dead = (id: number, reason: string) => {
    borrowed.get(id)?.die(reason);
    borrowed.delete(id);
  };
  hear(port, (news: News) => {
    if (news.type === "dead") return dead(news.id, news.reason);
    isOver = true;
    for (const id of [...borrowed.keys()]) dead(id, OVER);
  });
  return () => {
    if (isOver) throw new Error(OVER);
    const id = count++;
    const { port1: channel, port2: end } = new MessageChannel();
    const order = (order: Order, transfer: MessagePort[] = []) => port.postMessage(order, transfer);
    order({ type: "start", id, port: end }, [end]);
    const worker = new BorrowedWorker(channel, () => {
      borrowed.delete(id);
      order({ type: "end", id });
    });
    borrowed.set(id, worker);
    return worker;
  };
}

const OVER = "its lender has ended";

/** A worker that somebody else has started, through a port that leads to it. */
class BorrowedWorker extends EventTarget implements WebWorker {
  readonly #channel: MessagePort;
  readonly #end: () => void;

  constructor(channel: MessagePort, end: () => void) {
    super();
    this.#channel = channel;
    this.#end = end;
    hear(channel, (data) => this.dispatchEvent(new MessageEvent("message", { data })));
    channel.onmessageerror = () => this.dispatchEvent(new Event("messageerror"));
  }

  postMessage(message: unknown, transfer: Transferable[]): void {
    this.#channel.postMessage(message, transfer);
  }

  terminate(): void {
    this.#channel.close();
    this.#end();
  }

  die(reason: string): void {
    this.#channel.close();
    this.dispatchEvent(Object.assign(new Event("error"), { message: reason }));
  }
}

/** Hears what comes through a port. It keeps no process of Node alive. */
function hear<Message>(port: MessagePort, onMessage: (message: Message) => void): void {
  port.onmessage = ({ data }) => onMessage(data);
  (port as { unref?(): void }).unref?.();
}
