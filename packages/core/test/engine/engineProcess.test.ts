import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { few, LONG } from "../../../../test/support/long.js";

/*
 * What an engine does to the process that it runs in: whether it may end, and how much memory it takes over time.
 */

/** As Node loads it: in two files, not in 220. */
const library = new URL("../../bundle/index.js", import.meta.url);

const kinds = [
  ["threads", "{ threads: 2 }", ""],
  // Node itself needs shared memory for its workers, so it goes only when they are loaded
  [
    "one worker that shares no memory",
    "{}",
    `import "node:worker_threads"; delete globalThis.SharedArrayBuffer;`,
  ],
  ["the calling thread alone", "{ threads: 0 }", ""],
] as const;

/** Runs a program that has an `engine` for small images, and `data` for it. Returns what it prints. */
async function run(options: string, before: string, program: string): Promise<string> {
  const code = `
    ${before}
    const { createEngine, fit, noise, oneConv } = await import(${JSON.stringify(library.href)});
    const engine = await createEngine(oneConv({ filters: 2, input: [1, 6, 6] }), ${options});
    const data = noise(engine.model, 100);
    ${program}`;
  // a small room for new objects, which otherwise grows now and then and looks like a leak
  const words = ["--expose-gc", "--max-semi-space-size=1", "--input-type=module", "--eval", code];
  return (await promisify(execFile)(process.execPath, words, { timeout: 50_000 })).stdout;
}

const STEPS = few(5000, 50_000);
const RUNS = 50;

describe.each(kinds)("%s", (_, options, before) => {
  test("a process that forgets to close its engine ends; one that waits for it lives on", async () => {
    const program = `
      const { epochs } = await fit(engine, data, { epochs: 2 });
      console.log("trained", epochs.length, (await engine.logits(data.images)).length);`;
    expect(await run(options, before, program)).toBe("trained 2 1000\n");
  });

  // each of these takes seconds, and what a step leaves behind is seen below
  if (LONG) {
    test(`three times ${RUNS} training runs take no memory`, async () => {
      const program = `
        const rss = () => { gc(); return process.memoryUsage.rss(); };
        const large = await createEngine(oneConv({ filters: 32, input: [1, 40, 40] }), ${options});
        const images = noise(large.model, 8);
        const train = async (runs) => {
          for (let k = 0; k < runs; k++) await fit(large, images, { epochs: 1, batchSize: 8, learningRate: 1e-4 });
        };
        await train(30);
        const sizes = [rss()];
        for (let k = 0; k < 3; k++) { await train(${RUNS}); sizes.push(rss()); }
        await engine.close();
        await large.close();
        console.log(Math.min(...[1, 2, 3].map((k) => sizes[k] - sizes[k - 1])));`;
      // a worker's garbage waits for its own collection, so a process grows now and then; a leak makes it grow each time, by the
      // three million bytes a run that the network alone takes
      const growth = Number(await run(options, before, program));
      expect(growth).toBeLessThan(2e6 * RUNS);
    });
  }

  if (!LONG && options !== "{ threads: 0 }") return;

  test(`${STEPS} steps take no memory`, async () => {
    const program = `
      const memory = () => {
        gc();
        const { rss, heapUsed, external } = process.memoryUsage();
        return { rss, own: heapUsed + external };
      };
      const train = (steps) => fit(engine, data, { epochs: steps / 20, batchSize: 5, learningRate: 1e-4 });
      const run = async (steps, each) => { for (let k = 0; k < steps; k += each) await train(each); };
      await run(${few(5000, 10_000)}, ${few(5000, 10_000)});
      const start = memory();
      await run(${STEPS}, ${few(5000, 10_000)});
      const end = memory();
      await engine.close();
      console.log(JSON.stringify({ rss: end.rss - start.rss, own: end.own - start.own }));`;
    const { rss, own } = JSON.parse(await run(options, before, program));
    // so many bytes a step on this thread, and on all of them, which can be told less exactly
    expect(own / STEPS).toBeLessThan(few(200, 60));
    expect(rss / STEPS).toBeLessThan(few(2000, 600));
  });
});
