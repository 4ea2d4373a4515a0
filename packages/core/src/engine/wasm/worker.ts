/** The file that a worker runs, in Node and in browsers. */

import { nodeModule } from "../../nodeModules.js";
import { createHandler } from "./handler.js";
import type { Request, Response } from "./messages.js";
import { type Packed, pack, unpack } from "./packed.js";
import { createRemoteHandler } from "./remoteHandler.js";

/** @param port who started this worker, or whom it is lent to */
function serve(port: Pick<MessagePort, "postMessage" | "onmessage">): void {
  const respond = (response: Response) => port.postMessage(pack(response));
  const asThread = createHandler(respond);
  const remotely = createRemoteHandler(respond);
  port.onmessage = ({ data }: MessageEvent<Packed<Request>>) => {
    const request = unpack(data);
    if (request.type === "serve") serve(request.port);
    else if (request.type === "call" || request.type === "abort" || request.type === "drop")
      remotely(request);
    else asThread(request);
  };
  respond({ type: "ready" });
}

serve((nodeModule("node:worker_threads")?.parentPort ?? globalThis) as unknown as MessagePort);
