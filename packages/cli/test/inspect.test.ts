import { describe, expect, test } from "vitest";
import { expectRefusal, succeed, unravel } from "./support/cli.js";

test("shows kernels in order, what is fused, and memory", async () => {
  const { stdout, stderr } = await succeed(["inspect", "lenet5", "--batch-size", "24", "--threads", "3"]);

  expect(stderr).toBe("");
  expect(stdout).toMatch(/^lenet5, training in batches of 24\n/);
  expect(stdout).toMatch(/to\s3\sslots;/);
  expect(stdout).toContain("relu1 is fused into conv1.\n");
  expect(stdout).toContain("flatten1 takes no work");
  const kernels = [...stdout.matchAll(/^(forward|backward|batch|update) +(\S+)( +[\d,]+)?$/gm)].map(
    ([, , name]) => name,
  );
  expect(kernels.slice(0, 3)).toEqual(["load", "conv1.forward", "conv2.forward"]);
  expect(kernels.slice(-3)).toEqual(["reduce", "update", "flush"]);
  expect(stdout).toMatch(/^forward +conv1\.forward +117,600$/m);
  const [, shared, workspace, total] =
    /([\d,]+) bytes shared, ([\d,]+)\sfor\seach\sof\s3\sthreads:\s([\d,]+)\sin/.exec(stdout) ?? [];
  const number = (text: string) => Number(text.replaceAll(",", ""));
  expect(number(shared) + 3 * number(workspace)).toBe(number(total));
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
});

test("with --layer, that layer's loops", async () => {
  const { stdout } = await succeed(["inspect", "one-conv", "--layer", "conv1", "--filters", "3"]);

  expect(stdout).toMatch(/^conv1\.forward:\n {2}for \w+, \d+ times/m);
  expect(stdout).toContain("all conv1.weight[");
  expect(stdout).toContain("grad.conv1.weight[");
  expect(stdout).not.toContain("fc1");
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
});

test("with --engine webgpu, the kernels of a step on a GPU, and a layer's shaders", async () => {
  const { stdout } = await succeed(["inspect", "one-conv", "--engine", "webgpu"]);
  expect(stdout).toMatch(
    /^one-conv, 8 filters, training on a GPU in batches of 64\n\nA step is (1\d|2[0-5]) kernels/,
  );
  expect(stdout).toMatch(/^conv1\.forward +[\d,]+ +3,115,008$/m);
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);

  const shaders = await succeed(["inspect", "one-conv", "--engine", "webgpu", "--layer", "conv1"]);
  expect(shaders.stdout).toMatch(/^\/\/ conv1\.forward\n@group\(0\) @binding\(0\) var<storage, read> /);
  const relu = await succeed(["inspect", "one-conv", "--engine", "webgpu", "--layer", "relu1"]);
  expect(relu.stdout).toMatch(/^relu1 has no kernel of its own/);
});

test("a layer that is done by another says so", async () => {
  const { stdout } = await succeed(["inspect", "one-conv", "--layer", "relu1"]);

  expect(stdout).toMatch(/^relu1 is fused into conv1\.\n/);
});

describe("as JSON", () => {
  test("the plan", async () => {
    const { stdout } = await succeed(["inspect", "convnet", "--json"]);
    const plan = JSON.parse(stdout);

    expect(plan).toMatchObject({ batchSize: 64, threads: 1, block: 8, slots: 8 });
    expect(plan.kernels[0]).toMatchObject({ name: "conv1.prepare", phase: "prepare", layer: "conv1" });
    expect(plan.kernels[3]).toMatchObject({ name: "conv1.forward", phase: "forward", layer: "conv1" });
    expect(plan.kernels[3].nest).toMatch(/^conv1\.forward:\n/);
    expect(plan.buffers.map(({ name }: { name: string }) => name)).toContain("conv1.out");
  });

  test("a layer", async () => {
    const { stdout } = await succeed(["inspect", "--layer", "fc1", "--json"]);
    const { layer, kernels } = JSON.parse(stdout);

    expect(layer).toBe("fc1");
    expect(kernels.map(({ name }: { name: string }) => name)).toContain("fc1.forward");
  });
});

describe("says no to", () => {
  test("a layer that isn't there", async () => {
    expectRefusal(await unravel(["inspect", "--layer", "conv2"]), 2, /no layer "conv2".*conv1, relu1, pool1/);
  });
});
