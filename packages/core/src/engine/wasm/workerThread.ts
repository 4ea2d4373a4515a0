import type { FailureError } from "../../errors.js";
import { deadError, lostError } from "../failures.js";
import { listen, moved, type StartWorker, start } from "./engineWorker.js";
import type { Request, Response } from "./messages.js";
import { type Packed, pack, unpack } from "./packed.js";

/** A thread that one can send to and end, wherever it runs. */
export interface WorkerThread {
  send(request: Request, transfer?: readonly ArrayBuffer[]): void;
  /** Ends it, whatever it is doing. */
  end(): Promise<void>;
}

/**
 * @param onEnd called if the thread ends although nobody ended it, with the reason; maybe more than once
 * @throws InputError, FailureError if it can't be started
 */
export function startThread(
  startWorker: StartWorker,
  onResponse: (response: Response) => void,
  onEnd: (why: FailureError) => void,
): WorkerThread {
  const worker = start(startWorker);
  let isUp = false;
  let isEnding = false;
  listen(
    worker,
    (message) => {
      isUp = true;
      const response = unpack(message as Packed<Response>);
      if (response.type !== "ready") onResponse(response);
    },
    (reason) => {
      if (!isEnding) onEnd(isUp ? deadError(reason) : lostError(reason));
    },
  );
  return {
    send: (request, transfer = []) => worker.postMessage(pack(request), moved([...transfer])),
    end: async () => {
      isEnding = true;
      await worker.terminate();
    },
  };
}
