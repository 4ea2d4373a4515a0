import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { checkpointFolder } from "../../src/node/checkpointFolder.js";
import type { Checkpoint } from "../../src/training/checkpoint.js";
import { fit } from "../../src/training/fit.js";
import { bars, barsNetwork } from "../support/bars.js";
import { createReferenceEngine } from "../support/referenceEngine.js";

/* A folder with the last checkpoint of a training, whatever happens while it is written. */

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "unravel-checkpoint-"));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

/** Three checkpoints of a training. */
async function checkpoints(): Promise<Checkpoint[]> {
  const all: Checkpoint[] = [];
  const save = (checkpoint: Checkpoint) => void all.push(checkpoint);
  const engine = await createReferenceEngine(barsNetwork);
  await fit(engine, bars(20), { epochs: 2, checkpoint: { every: { epochs: 1 }, save } });
  return all;
}

test("gives back what was saved last", async () => {
  const [first, second] = await checkpoints();
  const kept = checkpointFolder(join(folder, "deep", "er"));
  expect(await kept.holds()).toBe(false);
  await kept.prepare();
  await kept.save(first);
  expect(await kept.load()).toEqual(
    JSON.parse(JSON.stringify(first.about)) && { ...first, about: expect.anything() },
  );
  await kept.save(second);
  expect((await kept.load()).state).toEqual(second.state);
  expect(await kept.holds()).toBe(true);
  expect(await readdir(join(folder, "deep", "er"))).toEqual(["checkpoint.safetensors"]);
});

test.each([
  ["writing", "writeFile"],
  ["the disk's own cache", "sync"],
] as const)("a disk that is full while %s keeps the one before", async (_, method) => {
  const [first, second] = await checkpoints();
  const kept = checkpointFolder(folder);
  await kept.save(first);
  const before = await readFile(kept.path);
  const handle = await open(kept.path);
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  vi.spyOn(prototype, method).mockImplementation(async function (this: typeof handle) {
    await this.write("half of it");
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  });
  await expect(kept.save(second)).rejects.toThrow(/could not be written: no space is left on the disk\.$/);
  vi.restoreAllMocks();
  expect(await readFile(kept.path)).toEqual(before);
  expect(await readdir(folder)).toEqual(["checkpoint.safetensors"]);
  expect((await kept.load()).state).toEqual(first.state);
});

test("says what is wrong where there is none, or it is damaged", async () => {
  await expect(checkpointFolder(join(folder, "none")).load()).rejects.toThrow(/there is no such folder/);
  const kept = checkpointFolder(folder);
  await expect(kept.load()).rejects.toThrow(/there is no checkpoint in it/);
  await writeFile(kept.path, "not one");
  await expect(kept.load()).rejects.toThrow(/checkpoint\.safetensors: it is damaged/);
  await writeFile(join(folder, "file"), "");
  await expect(checkpointFolder(join(folder, "file")).prepare()).rejects.toThrow(/can't be made: /);
});
