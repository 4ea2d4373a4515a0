import { writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { scratchFolder, succeed } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 40, test: 20 });

describe.each([
  { model: "one-conv", options: [], parameters: 13_610, forward: 62_192, layers: 5 },
  { model: "one-conv", options: ["--filters", "1"], parameters: 1_710, forward: 7_774, layers: 5 },
  { model: "lenet5", options: [], parameters: 61_706, forward: 416_520, layers: 12 },
  { model: "convnet", options: [], parameters: 1_199_882, forward: 11_992_448, layers: 9 },
])("$model $options", ({ model, options, parameters, forward, layers }) => {
  test.concurrent("as JSON", async () => {
    const { stdout, stderr } = await succeed(["summary", model, ...options, "--json"]);

    expect(stderr).toBe("");
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ model, input: [1, 28, 28], parameters, multiplyAdds: { forward } });
    expect(summary.layers).toHaveLength(layers);
    expect(summary.layers.at(-1)).toMatchObject({ type: "dense", output: [10] });
    const sum = (of: (layer: { parameters: number; multiplyAdds: { forward: number } }) => number) =>
      summary.layers.map(of).reduce((a: number, b: number) => a + b, 0);
    expect(sum((layer) => layer.parameters)).toBe(parameters);
    expect(sum((layer) => layer.multiplyAdds.forward)).toBe(forward);
    expect(summary.spec.layers).toHaveLength(layers);
  });

  test.concurrent("as text: a line for each layer, their sums last, all within 80 columns", async () => {
    const { stdout, stderr } = await succeed(["summary", model, ...options]);

    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    const named = lines.filter((line) => !line.startsWith(" "));
    expect(named).toHaveLength(layers + 4); // title, head, input, all; what a layer does may take several lines
    expect(lines[0]).toMatch(new RegExp(`^${model}`));
    expect(lines[1].trim()).toBe("multiply-adds per image");
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
    const numbers = [parameters, forward].map((count) => count.toLocaleString("en-US")).join(" +");
    expect(lines.at(-1)).toMatch(new RegExp(`^all +${numbers} +[\\d,]+$`));
  });
});

test.concurrent("without a name it is one-conv", async () => {
  const [plain, named] = await Promise.all([succeed(["summary"]), succeed(["summary", "one-conv"])]);

  expect(plain.stdout).toBe(named.stdout);
});

test.concurrent("a spec: a layer's own words stand beside it, without options that are as usual, in as many lines as it takes", async () => {
  const spec = scratch("spec.json");
  const conv = { type: "conv2d", filters: 4, kernel: [3, 5], stride: 2, padding: [1, 2, 1, 2], bias: false };
  const layers = [conv, { type: "relu" }, { type: "flatten" }, { type: "dense", units: 10 }];
  await writeFile(spec, JSON.stringify({ input: [3, 32, 32], layers }));
  const { stdout } = await succeed(["summary", spec]);

  expect(stdout).toMatch(
    /^conv1 +conv 3x5 \(4 filters, +4x16x16 +180 .*\n +stride 2,\n +padding 1,2,1,2,\n +no bias\)\nrelu1 +ReLU/m,
  );
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
});

test.concurrent("a trained model tells its own network", async () => {
  const out = scratch("model.safetensors");
  await succeed(["train", ...data(), "--quiet", "--filters", "3", "--out", out]);
  const { stdout } = await succeed(["summary", out, "--json"]);

  expect(JSON.parse(stdout)).toMatchObject({
    input: [1, 12, 12],
    layers: [{ name: "conv1", output: [3, 10, 10], parameters: 30 }, {}, {}, {}, { parameters: 760 }],
    parameters: 790,
    classes: [..."0123456789"],
  });
});

test.each([
  [["--width", "4", "--depth", "2"], /^all +11,374 +1,784,992 /m],
  [[], /^all +78,042 +12,587,648 /m],
])(
  "resnet as wide and deep as one likes (%s), within 80 columns, no stride said that is as usual",
  async (options, sums) => {
    const { stdout } = await succeed(["summary", "resnet", ...options]);
    expect(stdout).toMatch(sums);
    expect(stdout).not.toContain("stride 1");
    for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  },
);
