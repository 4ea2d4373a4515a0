import { builtIn, defineModel, initialParameters, sizeOf } from "unravel-cnn";
import { expect, test } from "vitest";
import type { Network } from "../src/state/network.js";
import { Tracer } from "../src/state/tracer.js";
import type { Question } from "../src/state/traceWorker.js";

/* The worker that computes what is shown of large networks ends by itself: another one takes its place. */

test("after its worker has ended it says so, and the next question goes to another one", () => {
  const workers: { asked: Question[]; ended: boolean; onerror?: (event: object) => void }[] = [];
  const told: string[] = [];
  const tracer = new Tracer(
    () => {},
    ({ message }) => told.push(message),
    () => {
      const worker = {
        asked: [] as Question[],
        ended: false,
        postMessage: (question: Question) => worker.asked.push(question),
        terminate: () => {
          worker.ended = true;
        },
      };
      workers.push(worker);
      return worker as unknown as Worker;
    },
  );
  const model = defineModel(builtIn("resnet"));
  const network: Network = {
    id: undefined,
    title: "",
    note: "",
    model,
    parameters: initialParameters(model, 0),
  };
  const batch = { images: new Uint8Array(sizeOf(model.inputShape)), labels: [0] };
  tracer.ask(network, batch);
  tracer.ask(network, batch); // waits
  workers[0].onerror?.({ message: "out of memory" });
  expect(told).toEqual([
    "The worker that computes ended (out of memory): try again; if that doesn't help, reload the page.",
  ]);
  expect(workers).toMatchObject([{ ended: true, asked: [{}] }]);
  tracer.ask(network, batch);
  expect(workers).toHaveLength(2);
  expect(workers[1].asked, "it is told the network, too").toMatchObject([{ spec: model.spec }]);
});
