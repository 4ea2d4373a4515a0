import { createEngine, type EngineOptions, evaluate, fit, noise, oneConv } from "unravel-cnn";

/** What came of a training, to compare it with what came of another one elsewhere. */
export interface Trained {
  readonly threads: number;
  readonly losses: readonly number[];
  /** Of the trained network on other images. */
  readonly loss: number;
  /** SHA-256 of its parameters. */
  readonly checksum: string;
}

/** Trains one-conv on made-up images. It runs in pages as well as in Node. */
export async function train(options: EngineOptions): Promise<Trained> {
  const engine = await createEngine(oneConv(), options);
  // biome-ignore lint/suspicious/noFocusedTests: this fit trains
  const { epochs } = await fit(engine, noise(engine.model, 300), { epochs: 2 });
  const { loss } = await evaluate(engine, noise(engine.model, 150));
  const rows = Object.values(engine.parameters()).map(({ data }) => new Uint8Array(data.buffer));
  const bytes = await new Blob(rows as BlobPart[]).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  await engine.close();
  return {
    threads: engine.threads,
    losses: epochs.map((epoch) => epoch.loss),
    loss,
    checksum: Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
}
