/** The file that a worker runs, in Node and in browsers. */

import { createHandler } from "./handler.js";
import { workerThreads } from "./host.js";

const handle = createHandler();
const port = workerThreads()?.parentPort;
if (port) {
  port.on("message", (request) => {
    const response = handle(request);
    if (response) port.postMessage(response);
  });
} else {
  addEventListener("message", ({ data }) => {
    const response = handle(data);
    if (response) postMessage(response);
  });
}
