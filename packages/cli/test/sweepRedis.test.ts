import { expect, test } from "vitest";
import { few, LONG, onlyLong } from "../../../test/support/long.js";
import { ended, expectRefusal, scratchFolder, start, succeed, unravel } from "./support/cli.js";
import { startUntil } from "./support/interrupts.js";
import { freePort, startRedis, testWithRedis } from "./support/redis.js";
import { resultsIn, trialsIn, untilTrials, writePictures, writeSweep } from "./support/sweeps.js";

/* `unravel sweep --redis` and `unravel worker`: the same trials, by other processes, which may die. */

const scratch = scratchFolder();

const startWorker = (url: string) =>
  startUntil(["worker", "--redis", url, "--concurrency", "1"], /^Worker {4}.* 1 trial at a time/m);

/** Trials on pictures in an archive, which workers have to fetch. */
async function trials(name: string, seeds: readonly number[], epochs: number): Promise<string> {
  return writeSweep(scratch(`${name}.json`), {
    train: [
      "--data",
      await writePictures(scratch("squares.zip")),
      "--model",
      "one-conv",
      "--epochs",
      String(epochs),
    ],
    vary: { filters: [1, 2], seed: seeds },
  });
}

testWithRedis("two workers come to what processes of this machine come to", async () => {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const data = await writePictures(scratch("squares.zip"));
  const file = await writeSweep(scratch("both.json"), {
    train: ["--data", data, "--epochs", few("2", "4"), "--model", "one-conv"],
    vary: { filters: [1, 2], ...few({}, { optimizer: ["sgd", "adam"] }) },
    search: { type: "halving", factor: 2 },
  });
  const [local, queue] = [scratch("local.ndjson"), scratch("queue.ndjson")];
  await succeed(["sweep", file, "--out", local, "--quiet", "--jobs", "1"]);
  await startRedis(scratch("redis"), port);
  await Promise.all([startWorker(url), startWorker(url)]);
  const { stdout } = await succeed(["sweep", file, "--out", queue, "--redis", url]);

  expect(stdout).toContain(`${few(3, 7)} trials done`);
  expect(await resultsIn(queue)).toEqual(await resultsIn(local));
  // halving's checkpoints travel, too; a trial that was delivered twice begins again
  for (const { rung, run } of await trialsIn(queue)) {
    if (run.attempts === 1) expect(run.trained, `rung ${rung}`).toBe([1, 1, 2][rung - 1]);
  }
});

onlyLong(testWithRedis)(
  "nothing is lost and nothing twice where a worker is killed, one hangs, and Redis is started again",
  async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const file = await trials("hurt", [0, 1, 2, 3, 4, 5], 100);
    const [out, whole] = [scratch("hurt.ndjson"), scratch("unhurt.ndjson")];
    await succeed(["sweep", file, "--out", whole, "--quiet", "--jobs", "1"]);
    const redis = await startRedis(scratch("hurt-redis"), port);
    const [first, second] = await Promise.all([startWorker(url), startWorker(url)]);
    const sweep = start(["sweep", file, "--out", out, "--redis", url]);
    const end = ended(sweep);
    await untilTrials(out, 2);
    first.child.kill("SIGKILL"); // in the middle of a trial: its lock runs out, and another worker gets it
    redis.kill("SIGKILL");
    await new Promise((resolve) => redis.once("exit", resolve));
    await startRedis(scratch("hurt-redis"), port);
    const third = await startWorker(url);
    await untilTrials(out, 4);
    second.child.kill("SIGSTOP"); // as if its network were cut: it goes on later, and its result comes too late
    await untilTrials(out, 11);
    second.child.kill("SIGCONT");
    const { code, stdout } = await end;

    expect([code, stdout]).toEqual([0, expect.stringContaining("12 trials done")]);
    expect(await resultsIn(out)).toEqual(await resultsIn(whole));
    expect((await trialsIn(out)).some(({ run }) => run.attempts > 1)).toBe(true);
    third.child.kill("SIGINT");
    expect(await third.end).toMatchObject({
      code: 130,
      stderr: expect.stringContaining("go to other workers"),
    });
  },
);

testWithRedis("what workers can't have is said before any trial", async () => {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  await startRedis(scratch("small-redis"), port);
  const file = await writeSweep(scratch("folder.json"), {
    train: ["--data", scratch()],
    vary: { filters: [1] },
  });
  expectRefusal(
    await unravel(["sweep", file, "--out", scratch("f.ndjson"), "--redis", url]),
    2,
    /pack it as a \.zip or \.tar\.gz/,
  );
});

if (LONG)
  testWithRedis("Ctrl-C ends a worker and a sweep also while Redis is gone", async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const redis = await startRedis(scratch("gone-redis"), port);
    const [file, out] = [await trials("gone", [0, 1, 2, 3], 100), scratch("gone.ndjson")];
    const worker = await startWorker(url);
    const sweep = start(["sweep", file, "--out", out, "--redis", url]);
    const end = ended(sweep);
    await untilTrials(out, 1);
    redis.kill("SIGKILL");
    await new Promise((resolve) => redis.once("exit", resolve));
    worker.child.kill("SIGINT");
    sweep.kill("SIGINT");

    expect(await worker.end).toMatchObject({ code: 130 });
    expect(await end).toMatchObject({ code: 130 });
  });

test("where no Redis answers that is said at once", async () => {
  const port = await freePort();
  const file = await writeSweep(scratch("alone.json"), { vary: { filters: [1] } });
  const args = ["--redis", `redis://me:secret@127.0.0.1:${port}`];
  const said = expectRefusal(
    await unravel(["sweep", file, "--out", scratch("a.ndjson"), ...args]),
    1,
    /^No Redis server at/,
  );
  expect(said).not.toContain("secret");
  expectRefusal(await unravel(["worker", ...args]), 1, /^No Redis server at redis:\/\/127/);
});
