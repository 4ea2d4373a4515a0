import { FailureError, InputError } from "unravel-cnn";
import type { CheckAnswer, Checked } from "./checkWorker.js";
import { lostWorker } from "./endings.js";

/**
 * Checks the arrays of a .npz file in a worker.
 * @throws InputError if the file is damaged or its arrays are none of a network
 */
export async function checkFile(file: File): Promise<Checked> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const worker = new Worker(new URL("./checkWorker.ts", import.meta.url), { type: "module" });
  try {
    const answer = await new Promise<CheckAnswer>((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<CheckAnswer>) => resolve(data);
      worker.onerror = (event) => reject(new FailureError(lostWorker("checks", event)));
      worker.postMessage({ name: file.name, bytes }, [bytes.buffer]);
    });
    if ("problem" in answer) throw new InputError(answer.problem);
    return answer;
  } finally {
    worker.terminate();
  }
}
