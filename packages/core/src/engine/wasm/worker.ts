/** The file that a worker runs, in Node and in browsers. */

import { nodeModule } from "../../nodeModules.js";
import { createHandler } from "./handler.js";
import type { Request, Response } from "./messages.js";
import { createRemoteHandler } from "./remoteHandler.js";

const port = nodeModule("node:worker_threads")?.parentPort;

function respond(response: Response): void {
  if (port) port.postMessage(response);
  else postMessage(response);
}

const asThread = createHandler(respond);
const remotely = createRemoteHandler(respond);

function handle(request: Request): void {
  if (request.type === "call" || request.type === "abort" || request.type === "drop") remotely(request);
  else asThread(request);
}

if (port) port.on("message", handle);
else addEventListener("message", ({ data }) => handle(data));
