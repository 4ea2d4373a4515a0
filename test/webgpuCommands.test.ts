import { writeFile } from "node:fs/promises";
import { encode } from "fast-png";
import { describe, expect } from "vitest";
import { scratchFolder, succeed } from "../packages/cli/test/support/cli.js";
import { useShapes } from "../packages/cli/test/support/shapes.js";
import { testInNode } from "./support/gpuInNode.js";

/*
 * The commands that take `--engine webgpu`, in Node, where the package `webgpu` is installed and has found an adapter.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes");

const TINY = {
  input: [1, 12, 12],
  layers: [
    { type: "conv2d", filters: 2, kernel: 3 },
    { type: "relu" },
    { type: "flatten" },
    { type: "dense", units: 10 },
  ],
};

async function tiny(): Promise<string> {
  const path = scratch("tiny.json");
  await writeFile(path, JSON.stringify(TINY));
  return path;
}

describe("in Node", () => {
  const gpu = ["--engine", "webgpu"];

  testInNode("train, evaluate and predict come to what they come to without a GPU", async () => {
    const model = scratch("trained.safetensors");
    const train = ["train", ...data(), "--model", await tiny(), "--epochs", "1", "--limit", "200", "--json"];
    const { stdout, stderr } = await succeed([...train, ...gpu, "--out", model]);
    const [onGpu, without] = [JSON.parse(stdout), JSON.parse((await succeed(train)).stdout)];
    expect(onGpu).toMatchObject({ engine: "webgpu", adapter: expect.stringMatching(/./), engineChanges: [] });
    expect(stderr).toContain(`Engine    webgpu, ${onGpu.adapter}\n`);
    expect(onGpu.test.loss / without.test.loss).toBeCloseTo(1, 4);
    expect(onGpu.computedGflops).toBe(null);

    const evaluate = ["evaluate", model, ...data(), "--json"];
    const [there, here] = [await succeed([...evaluate, ...gpu]), await succeed(evaluate)];
    expect(JSON.parse(there.stdout)).toMatchObject({ engine: "webgpu", images: 200 });
    expect(JSON.parse(there.stdout).loss / JSON.parse(here.stdout).loss).toBeCloseTo(1, 4);

    const picture = scratch("picture.png");
    const pixels = Uint8Array.from({ length: 144 }, (_, k) => (k * 7) % 256);
    await writeFile(picture, encode({ width: 12, height: 12, data: pixels, channels: 1 }));
    const predict = ["predict", model, picture, "--json"];
    const [[seen], [expected]] = [
      JSON.parse((await succeed([...predict, ...gpu])).stdout),
      JSON.parse((await succeed(predict)).stdout),
    ];
    expect(seen.class).toBe(expected.class);
    expect(seen.probability).toBeCloseTo(expected.probability, 4);
  });

  testInNode("auto says what was measured, or why nothing was", async () => {
    const train = ["train", ...data(), "--model", await tiny(), "--epochs", "1", "--limit", "200", "--json"];
    const { stdout, stderr } = await succeed([...train, "--engine", "auto"]);
    const { engine, engineChoice } = JSON.parse(stdout);
    expect(engineChoice.engine).toBe(engine);
    expect(stderr).toContain(`Chosen    ${engine}: ${engineChoice.reason}\n`);
    expect(engineChoice.reason).toMatch(
      /^(A step takes .* ms on the GPU \(.+\)|The only WebGPU here \(.+\) computes on the processor)$/,
    );
  });

  testInNode("bench: the GPU, its peak, its kernels, a step; as JSON and within 80 columns", async () => {
    const bench = ["bench", await tiny(), ...gpu, "--quick", "--seconds", "0.05", "--batch-size", "16"];
    const [{ machine, engine, models }, text] = [
      JSON.parse((await succeed([...bench, "--json"])).stdout),
      (await succeed(bench)).stdout,
    ];
    expect([machine.node, engine, models.length]).toEqual([process.version, "webgpu", 1]);
    const [{ kernels, training, ...figures }] = models;
    const positive = (value: number) => value > 0 && value < 1e9;
    for (const name of ["peakGflops", "gigabytesPerSecond", "dispatches"])
      expect(positive(figures[name]), name).toBe(true);
    for (const name of ["imagesPerSecond", "gflops", "computedGflops", "shareOfPeak"])
      expect(positive(training[name]), name).toBe(true);
    const conv = kernels.find(({ name }: { name: string }) => name === "conv1.forward");
    for (const name of ["microseconds", "gflops", "bytes", "shareOfPeak", "shareOfMemory"])
      expect(positive(conv[name]), name).toBe(true);
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text).toMatch(/^GPU {7}\S.*$/m);
    expect(text).toMatch(/^Peak {6}\S+ GFLOP\/s in registers; a copy moves \S+ GB\/s$/m);
    expect(text).toMatch(/^conv1\.forward +\d+\.\d +\d+% +\S+ +\d+% +\d+%$/m);
    expect(text).toMatch(/^Step {6}\d+ dispatches, \S+ ms; its kernels take \S+ ms of it$/m);
    expect(text).toMatch(/^Training {2}[\d,]+ images\/s .* of the peak$/m);
  });
});
