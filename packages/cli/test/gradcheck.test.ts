import { writeFile } from "node:fs/promises";
import {
  copyAll,
  defineModel,
  FailureError,
  formatModel,
  type Gradcheck,
  gradcheck,
  initialParameters,
  loadBatch,
  type Model,
  noise,
  oneConv,
  type Tensor,
  trace,
} from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { expectSentence } from "../../../test/support/sentence.js";
import { failIfWrong } from "../src/commands/gradcheck/index.js";
import { asLines } from "../src/commands/gradcheck/report.js";
import { stylesFor } from "../src/terminal/style.js";
import { ended, expectRefusal, said, scratchFolder, start, succeed, unravel } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 40, test: 20 });

function expectNarrow(text: string): void {
  for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
}

test.concurrent("a right network: its tensors and layers, and that all is right", async () => {
  const { stdout, stderr } = await succeed(["gradcheck", "one-conv", "--filters", "2", "--cells", "3"]);

  expect(stderr).toBe("");
  const lines = stdout.trimEnd().split("\n");
  expect(lines[0]).toBe("one-conv, 2 filters with fresh weights from seed 0, on 2 images of noise");
  for (const tensor of ["x", "conv1\\.weight", "conv1\\.bias", "fc1\\.weight", "fc1\\.bias"]) {
    expect(stdout).toMatch(
      new RegExp(
        `^${tensor} +right +(3 of [\\d,]+|all 2) +\\S+  \\[[\\d, ]+\\] +-?[\\d.e-]+ +-?[\\d.e-]+$`,
        "m",
      ),
    );
  }
  for (const layer of ["conv1", "relu1", "pool1", "flatten1", "fc1", "loss"]) {
    expect(stdout).toMatch(new RegExp(`^${layer} +right +\\d+e-\\d+$`, "m"));
  }
  expect(lines.at(-1)).toMatch(/^All gradients are right: no error is above \de-\d+ \(1e-5 is allowed\)\.$/);
  expectNarrow(stdout);
});

test.concurrent("as JSON, the same again from the same seed, on images of a folder", async () => {
  const check = (seed: string) =>
    succeed([
      "gradcheck",
      "one-conv",
      ...data(),
      "--images",
      "3",
      "--cells",
      "2",
      "--seed",
      seed,
      "--json",
      "--quiet",
    ]);
  const [first, again, other] = await Promise.all([check("1"), check("1"), check("2")]);

  expect(first.stderr).toBe("");
  expect(again.stdout).toBe(first.stdout);
  expect(other.stdout).not.toBe(first.stdout);
  const result = JSON.parse(first.stdout);
  expect(result).toMatchObject({
    model: "one-conv",
    trained: false,
    data: "shapes",
    images: 3,
    seed: 1,
    agrees: true,
  });
  expect(result.tensors[1]).toMatchObject({
    tensor: "conv1.weight",
    verdict: "agrees",
    cells: 72,
    checked: 2,
    wrong: 0,
  });
  expect(result.tensors[1].worst.cell).toMatch(/^conv1\.weight\[\d, 0, \d, \d\]$/);
  expect(result.layers.map(({ layer }: { layer: string }) => layer)).toEqual([
    "conv1",
    "relu1",
    "pool1",
    "flatten1",
    "fc1",
    "loss",
  ]);
});

test.concurrent("--all moves every cell, of any network", async () => {
  const spec = scratch("spec.json");
  const layers = [
    { type: "conv2d", filters: 2, kernel: 2, stride: 2, padding: "same" },
    { type: "flatten" },
    { type: "dense", units: 2 },
  ];
  await writeFile(spec, JSON.stringify({ input: [3, 5, 7], layers }));
  const { stdout } = await succeed(["gradcheck", spec, "--all", "--json"]);

  const { tensors } = JSON.parse(stdout);
  expect(tensors[0]).toMatchObject({ tensor: "x", cells: 210, checked: 210 });
  for (const { cells, checked } of tensors) expect(checked).toBe(cells);
});

test.concurrent("a model file brings its weights", async () => {
  const model = defineModel(oneConv({ filters: 1, input: [1, 8, 8] }));
  await writeFile(scratch("m.safetensors"), formatModel({ model, parameters: initialParameters(model, 3) }));
  const { stdout } = await succeed(["gradcheck", scratch("m.safetensors"), "--cells", "1", "--images", "1"]);

  expect(stdout).toMatch(/^m\.safetensors, on 1 image of noise\n/);
});

describe("what can't be", () => {
  test.concurrent.each([
    ["--images 0", /^--images must be a whole number from 1 to 1000, not "0"\.$/],
    ["--cells 0", /^--cells must be a whole number of at least 1/],
    ["--data nowhere", /nowhere/],
    ["--engine wasm", /unknown option '--engine'/],
  ])("%s", async (args, message) => {
    expectRefusal(await unravel(["gradcheck", "one-conv", ...args.split(" "), "--quiet"]), 2, message);
  });

  test.concurrent("images of another shape", async () => {
    const spec = scratch("small.json");
    await writeFile(
      spec,
      JSON.stringify({ input: [1, 5, 5], layers: [{ type: "flatten" }, { type: "dense", units: 10 }] }),
    );
    const result = await unravel(["gradcheck", spec, ...data(), "--quiet"]);
    expectRefusal(result, 2, /have shape \[1, 12, 12\], but the model takes \[1, 5, 5\]/);
  });
});

test.skipIf(process.platform === "win32")("Ctrl-C ends it", async () => {
  const child = start(["gradcheck", "one-conv", ...data(), "--all"]);
  const end = ended(child);
  await said(child.stderr, /Loading/);
  child.kill("SIGINT");

  expect(await end).toMatchObject({ code: 130, stdout: "", stderr: expect.stringContaining("interrupted") });
});

describe("a network with a wrong layer", () => {
  /** Its ReLU passes every gradient. */
  function wrongModel(): Model {
    const model = defineModel(oneConv({ filters: 2 }));
    const layers = model.layers.map((layer) =>
      layer.name === "relu1"
        ? {
            ...layer,
            kind: {
              ...layer.kind,
              inputGradients: (_: unknown, __: unknown, ___: unknown, g: Tensor) => [g],
            },
          }
        : layer,
    );
    return { ...model, layers };
  }

  async function check(): Promise<Gradcheck> {
    const model = wrongModel();
    const { images, shape, labels } = noise(model, 2);
    const x = loadBatch(images, shape, [0, 1], model.normalize, "float64");
    return gradcheck(trace(model, copyAll(initialParameters(model, 1), "float64"), x, labels), { cells: 9 });
  }

  const of = { model: "one-conv", title: "one-conv", trained: false, data: "noise", images: 2, seed: 0 };
  const plain = stylesFor({ isTTY: false });

  test("is told with the layer, and both numbers of the worst cell", async () => {
    const text = asLines(of, await check(), plain).join("\n");

    expect(text).toMatch(/^conv1\.weight +WRONG +9 of 18 +\de[+-]\d+ {2}\[/m);
    expect(text).toMatch(/^fc1\.weight +right/m);
    expect(text).toMatch(/^conv1 +right/m);
    expect(text).toMatch(/^relu1 +WRONG/m);
    expect(text).toMatch(/^ {2}along conv1\.out +\d of 9 cells +1e\+0 +\[\d, [\d, ]+\] +-?[\d.]+ +0$/m);
    expect(text.trimEnd().split("\n").at(-1)).toBe("Wrong: relu1.");
    expectNarrow(text);
  });

  test("fails, with a sentence", async () => {
    const result = await check();
    expect(() => failIfWrong(result)).toThrow(FailureError);
    expect(() => failIfWrong(result)).toThrow(
      "The backward pass of relu1 is wrong: gradients differ from the measured slopes.",
    );
    const together = { ...result, layers: result.layers.filter(({ layer }) => layer !== "relu1") };
    try {
      failIfWrong(together);
      expect.fail("it must throw");
    } catch (error) {
      expectSentence((error as Error).message);
    }
  });

  test("a long row fits 80 columns", async () => {
    const { tensors, layers } = await check();
    const worst = {
      cell: { tensor: "fc1.weight", index: [127, 9215] },
      gradient: -0.0000123456,
      measured: NaN,
      error: NaN,
    };
    const long = { ...tensors[1], tensor: "conv1.weight", cells: 1_179_648, checked: 32, worst };
    const kinks = { ...long, tensor: "conv2.weight", verdict: "not judged" as const };
    expectNarrow(asLines(of, { agrees: false, tensors: [long, kinks], layers }, plain).join("\n"));
  });
});
