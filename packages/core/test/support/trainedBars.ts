import { createEngine, type Engine, type EngineOptions, fit, type NamedTensors } from "unravel-cnn";
import { expect, onTestFinished } from "vitest";
import { bars, barsNetwork } from "./bars.js";
import { checksum } from "./checksum.js";

/** Far more work than any test would wait for. */
export const FOREVER = { epochs: 100_000 };

/** An engine as it is built, because a worker needs a file that Node can run. It is closed when the test is over. */
export async function builtEngine(options: EngineOptions): Promise<Engine> {
  const engine = await createEngine(barsNetwork, { strict: true, ...options });
  onTestFinished(() => engine.close());
  return engine;
}

/** Trains from `start` on and gives the checksum of what came of it. */
export async function trainedFrom(engine: Engine, start: NamedTensors): Promise<string> {
  engine.setParameters(start);
  await fit(engine, bars(100), { epochs: 2, batchSize: 20 });
  return checksum(engine.parameters());
}

/** What `work` rejects with. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail("it should not have ended well"),
    (error: unknown) => error,
  );
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
