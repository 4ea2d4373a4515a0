import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

/* What the commands say of layers that do something else in training, and of what these keep. */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 33, test: 20 });

async function spec(): Promise<string> {
  const path = scratch("norms.json");
  const layers = [
    { type: "conv2d", filters: 2, kernel: 3, stride: 3, bias: false },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "flatten" },
    { type: "dropout", rate: 0.25 },
    { type: "dense", units: 6, bias: false },
    { type: "batchNorm1d", eps: 0.001 },
    { type: "dense", units: 10 },
  ];
  await writeFile(path, JSON.stringify({ input: [1, 12, 12], layers }));
  return path;
}

describe("summary", () => {
  test("counts what layers keep by itself", async () => {
    const { stdout } = await succeed(["summary", await spec()]);
    expect(stdout).toMatch(/^norm2 +batch norm \(eps 0\.001\)/m);
    expect(stdout.replace(/\s+/g, " ")).toMatch(
      / Besides, norm1 and norm2 keep 16 numbers that aren't learnt: running_mean and running_var\. $/,
    );
  });

  test("as JSON", async () => {
    const { stdout } = await succeed(["summary", await spec(), "--json"]);
    const { state, layers, parameters } = JSON.parse(stdout);
    expect(state).toBe(16);
    expect(layers.map((layer: { state?: number }) => layer.state ?? null)).toEqual([
      null,
      4,
      null,
      null,
      null,
      null,
      12,
      null,
    ]);
    expect(parameters).toBe(2 * 9 + 4 + 32 * 6 + 12 + 70);
  });
});

test("train says that a last batch of one image is left out, and explain shows what was trained as it predicts", async () => {
  const out = scratch("norms.safetensors");
  const training = [
    "train",
    ...data(),
    "--model",
    await spec(),
    "--engine",
    "reference",
    "--batch-size",
    "16",
  ];
  const { stderr } = await succeed([...training, "--epochs", "2", "--out", out]);
  expect(stderr).toMatch(/^Left out {2}1 image of each epoch, in a last batch of 1: norm2 needs 2 or more$/m);

  const { stdout } = await succeed(["explain", out, "--index", "0", ...data()]);
  expect(stdout).toMatch(/norm1\.running_mean\[\d\] /);
  expect(stdout).toContain("After training nothing is dropped");
});

test("one image at a time is refused where a layer needs more", async () => {
  const result = await unravel([
    ...["train", ...data(), "--model", await spec(), "--engine", "reference", "--batch-size", "1"],
  ]);
  expectRefusal(result, 2, /norm2 needs at least 2 images in a batch to train on, not 1/);
});

test("gradcheck checks the gradients of training", async () => {
  const { stdout } = await succeed(["gradcheck", await spec(), "--images", "3", "--cells", "3"]);
  expect(stdout).toMatch(/norm1\.weight/);
  expectRefusal(
    await unravel(["gradcheck", await spec(), "--images", "1"]),
    2,
    /norm2 needs at least 2 images/,
  );
});
