import { open, readFile } from "node:fs/promises";
import { afterEach, expect, test, vi } from "vitest";
import { type Checkpoint, createEngine, fit } from "../../core/dist/index.js";
import { bars, barsNetwork } from "../../core/test/support/bars.js";
import { KeptTraining } from "../src/commands/train/keptTraining.js";
import { Interrupted } from "../src/exit.js";
import { scratchFolder } from "./support/cli.js";

/* What a training says and keeps when its disk is full. */

const scratch = scratchFolder();

afterEach(() => void vi.restoreAllMocks());

/** Lets no file be written, as on a disk without space. */
async function fillDisk(): Promise<void> {
  const handle = await open(scratch("any"), "w");
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  vi.spyOn(prototype, "writeFile").mockImplementation(async function (this: typeof handle) {
    await this.write("half of it");
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  });
}

async function checkpoints(): Promise<Checkpoint[]> {
  const all: Checkpoint[] = [];
  const engine = await createEngine(barsNetwork, { engine: "reference" });
  const save = (checkpoint: Checkpoint) => void all.push(checkpoint);
  await fit(engine, bars(20), { epochs: 2, batchSize: 10, checkpoint: { every: { epochs: 1 }, save } });
  await engine.close();
  return all;
}

test("a full disk keeps the one before, says so, and lets the training go on", async () => {
  const said = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  const [first, second, third] = await checkpoints();
  const kept = new KeptTraining(scratch("run"));
  await kept.prepare();
  await kept.save(first);
  const file = scratch("run", "checkpoint.safetensors");
  const before = await readFile(file);

  await fillDisk();
  await kept.save(second);
  expect(await readFile(file)).toEqual(before);
  expect(said.mock.calls.map(([text]) => String(text)).join("")).toMatch(
    /^unravel: .*checkpoint\.safetensors could not be written: no space is left on the disk; the checkpoint of step 0 is kept, and training goes on\.\n$/,
  );
  const interrupted = new Interrupted("SIGINT");
  kept.tell(interrupted);
  expect(interrupted.outcome).toMatch(
    /could not be written: no space is left on the disk, but the checkpoint of step 0 is kept \(go on with --resume .*run\)$/,
  );

  vi.restoreAllMocks();
  await kept.save(third);
  const later = new Interrupted("SIGINT");
  later.outcome = "what was learnt so far is in x";
  kept.tell(later);
  expect(later.outcome).toMatch(
    /^what was learnt so far is in x, and the training is kept in .*run \(go on with --resume .*run\)$/,
  );
});

test("where not even the first can be kept, training doesn't begin", async () => {
  const [first] = await checkpoints();
  const kept = new KeptTraining(scratch("full"));
  await kept.prepare();
  await fillDisk();
  await expect(kept.save(first)).rejects.toThrow(/could not be written: no space is left on the disk\.$/);
  const interrupted = new Interrupted("SIGINT");
  kept.tell(interrupted);
  expect(interrupted.outcome).toBe("nothing was written");
});
