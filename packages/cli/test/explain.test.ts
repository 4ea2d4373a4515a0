import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { onlyLong } from "../../../test/support/long.js";
import { testWithMnist } from "../../../test/support/needs.js";
import { parseNpz, parseTraceJson } from "../../core/src/index.js";
import { ended, expectNoTrace, expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { drawnOn, greyOf, pictureOf, pngOf } from "./support/pictures.js";
import { useShapes } from "./support/shapes.js";
import { screenAfter, startOnTerminal, testWithTerminal } from "./support/terminal.js";

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 400, test: 20 });

const model = () => scratch("model.safetensors");

beforeAll(async () => {
  await succeed(["train", ...data(), "--out", model(), "--epochs", "1", "--filters", "3", "--quiet"]);
  const stroke = greyOf(60, 200, () => 255);
  const page = drawnOn(stroke, { width: 300, height: 260, left: 120, top: 30, paper: 240, ink: 30 });
  await writeFile(scratch("one.png"), pngOf(pictureOf(page)));
});

test.concurrent("an image of the test set becomes a page", async () => {
  const out = scratch("index.html");
  const { stdout } = await succeed(["explain", model(), ...data(), "--index", "7", "--out", out]);

  expect(stdout).toMatch(/^.*index\.html: 0\.\d MB\n$/);
  const html = await readFile(out, "utf8");
  expect(html).toMatch(/^<!doctype html>/);
  expect(html).toContain("test image 7 of shapes");
  expect(html).toContain('id="grad-conv1"');
  expect(html).not.toContain("Nobody said");
});

test("a network with the binary cross-entropy shows a probability for each class by itself", async () => {
  const spec = scratch("each.json");
  const trained = scratch("each.safetensors");
  const layers = [{ type: "flatten" }, { type: "dense", units: 10 }];
  await writeFile(spec, JSON.stringify({ input: [1, 12, 12], layers, loss: { type: "binaryCrossEntropy" } }));
  await succeed(["train", ...data(), "--model", spec, "--epochs", "1", "--out", trained, "--quiet"]);
  const { stdout } = await succeed(["explain", trained, ...data(), "--index", "7", "--terminal"]);
  expect(stdout).toMatch(/\nProbabilities\n/);
  expect(stdout).toMatch(
    /Loss = the mean over 10 classes of -ln \d\S* for the right one, -ln\(1 - p\) for the others = \d/,
  );
});

test("a network with the mean squared error shows its scores, in the terminal and as predict does", async () => {
  const spec = scratch("squares.json");
  const trained = scratch("squares.safetensors");
  const layers = [{ type: "flatten" }, { type: "dense", units: 10 }];
  await writeFile(spec, JSON.stringify({ input: [1, 12, 12], layers, loss: { type: "meanSquaredError" } }));
  await succeed(["train", ...data(), "--model", spec, "--epochs", "1", "--out", trained, "--quiet"]);
  const { stdout } = await succeed(["explain", trained, ...data(), "--index", "7", "--terminal"]);
  expect(stdout).toMatch(/\nScores\n/);
  expect(stdout).toMatch(/It says \S+, with a score of -?\d/);
  expect(stdout).toMatch(/Loss = the mean of \(score - y\)\^2 over 10 classes = \d/);
  const refused = await unravel(["train", ...data(), "--model", spec, "--label-smoothing", "0.1"]);
  expectRefusal(
    refused,
    2,
    /--label-smoothing goes with the loss softmaxCrossEntropy, not with meanSquaredError\./,
  );
});

test.concurrent("a picture without a label takes the answer for right, and says so", async () => {
  const out = scratch("picture.html");
  const { stderr } = await succeed(["explain", "one-conv", scratch("one.png"), "--seed", "3", "--out", out]);

  expect(stderr).toContain("one-conv, 8 filters is untrained: its weights are fresh from seed 3.");
  expect(stderr).toContain("Nobody said what the picture shows");
  const html = await readFile(out, "utf8");
  expect(html).toContain("<title>one.png: through one-conv, 8 filters and back</title>");
  expect(html).toContain("Nobody said what the picture shows");
  expect(html).toContain("hasn’t learnt anything yet");
});

test.concurrent("it says of a picture what predict says", async () => {
  const [explained, predicted] = await Promise.all([
    succeed([
      "explain",
      "one-conv",
      scratch("one.png"),
      "--json",
      "--label",
      "4",
      "--learning-rate",
      "0.001",
    ]),
    succeed(["predict", "one-conv", scratch("one.png"), "--json"]),
  ]);

  const result = JSON.parse(explained.stdout);
  const [prediction] = JSON.parse(predicted.stdout);
  expect(result).toMatchObject({
    model: "one-conv, 8 filters",
    trained: false,
    image: "one.png",
    label: 4,
    labelKnown: true,
    index: prediction.index,
    class: prediction.class,
    update: { learningRate: 0.001 },
  });
  expect(result.probability).toBeCloseTo(prediction.probability, 5);
  expect(result.loss).toBeCloseTo(-Math.log(result.probabilities[4]), 10);
  expect(result.update.loss).toBeLessThan(result.loss);
});

test.concurrent("every number goes into a file, for NumPy or as JSON", async () => {
  const explain = (file: string) =>
    succeed(["explain", model(), ...data(), "--index", "2", "--trace", scratch(file), "--quiet"]);
  const [npz, json] = await Promise.all([explain("trace.npz"), explain("trace.JSON")]);

  expect(npz.stdout).toMatch(/trace\.npz: \d+\.\d MB\n$/);
  expect(npz.stderr + json.stderr).toBe("");
  const arrays = parseNpz(await readFile(scratch("trace.npz")), "trace.npz");
  const step = parseTraceJson(await readFile(scratch("trace.JSON"), "utf8"), "trace.JSON");
  expect(step.model.layers.map(({ name }) => name)).toEqual(["conv1", "relu1", "pool1", "flatten1", "fc1"]);
  for (const [name, tensor] of Object.entries(step.tensors)) {
    expect(arrays[name].shape, name).toEqual(tensor.shape);
    expect(arrays[name].data, name).toEqual(tensor.data);
  }
  expect(Object.keys(arrays)).toEqual(
    expect.arrayContaining(["x", "y", "loss", "lr", "grad.x", "new.fc1.bias"]),
  );
});

test.concurrent("without a file the short version is printed, in 80 columns and without colours", async () => {
  const { stdout } = await succeed(["explain", model(), ...data(), "--index", "7"]);

  const lines = stdout.split("\n");
  expect(lines[0]).toBe("test image 7 of shapes through model.safetensors, and back");
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(stdout).not.toContain("\x1b");
  for (const title of ["Forward", "Probabilities", "Backward", "Update, learning rate 0.01"]) {
    expect(lines).toContain(title);
  }
  expect(stdout).toMatch(/[▀▄█]/);
  expect(lines.at(-2)).toMatch(
    /^Loss [\d.e-]+ before, [\d.e-]+ after: -[\d.e-]+; the slopes promised -[\d.e-]+\.$/,
  );
});

test.concurrent("the sums that are printed add up", async () => {
  const { stdout } = await succeed(["explain", "lenet5", scratch("one.png"), "--terminal", "--quiet"]);

  const sums = stdout.split(/\n\n/).filter((part) => /\n {2}\S.*(products, added|the bias)/.test(part));
  expect(sums.length).toBeGreaterThan(8);
  for (const sum of sums) {
    const numbers = sum
      .trimEnd()
      .split("\n")
      .filter((line) => / -?\d+\.\d+$/.test(line))
      .map((line) => Number(line.split(" ").at(-1)?.replace(".", "")));
    const total = numbers.pop();
    expect(
      numbers.reduce((a, b) => a + b),
      sum,
    ).toBe(total);
  }
});

describe("on a terminal", () => {
  const args = () => ["explain", "one-conv", scratch("one.png"), "--quiet"];

  testWithTerminal("pictures have colours, and fit", async () => {
    const { stdout, stderr } = await ended(startOnTerminal(args()));
    expectNoTrace(stderr);
    expect(stdout).toContain("\x1b[38;5;");
    const plain = stripVTControlCharacters(stdout).split("\r\n");
    for (const line of plain) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test("NO_COLOR takes them away", async () => {
    const { stdout } = await succeed(args(), { columns: 80, env: { NO_COLOR: "1" } });
    expect(stdout).not.toContain("\x1b[");
    expect(screenAfter(stdout).join("\n")).toMatch(/[▀▄█]/);
  });
});

describe("refusals", () => {
  const cases: [string, () => string[], RegExp][] = [
    [
      "no picture",
      () => ["explain", "one-conv"],
      /^No picture was given; name a picture's file \(PNG, JPEG, WebP or GIF\), or give --index 0/,
    ],
    ["two pictures", () => ["explain", "one-conv", scratch("one.png"), "--index", "3"], /both given/],
    [
      "an index behind the end",
      () => ["explain", model(), ...data(), "--index", "20"],
      /from 0 to 19, as shapes has 20 test images, not 20/,
    ],
    ["an index that is none", () => ["explain", model(), "--index", "-1"], /--index must be a whole number/],
    [
      "a class that there isn't",
      () => ["explain", "one-conv", scratch("one.png"), "--label", "cat"],
      /one of the 10 classes \(0, 1, .*, 9\), or its number, not "cat"/,
    ],
    [
      "a number of a class that there isn't",
      () => ["explain", "one-conv", scratch("one.png"), "--label", "10"],
      /not "10"/,
    ],
    [
      "raw with an index",
      () => ["explain", model(), ...data(), "--index", "1", "--raw"],
      /--raw goes with a picture/,
    ],
    [
      "a trace of another kind",
      () => ["explain", model(), ...data(), "--index", "1", "--trace", "t.csv"],
      /^--trace must be a file name that ends in \.npz or \.json, not "t\.csv"\.$/,
    ],
    [
      "a page of another kind",
      () => ["explain", model(), "--index", "1", "--out", "a.json", "--trace", "a.json"],
      /^--out must be a file name that ends in \.html, not "a\.json"\.$/,
    ],
    [
      "JSON and text at once",
      () => ["explain", model(), "--index", "1", "--json", "--terminal"],
      /both print/,
    ],
    [
      "a learning rate of nothing",
      () => ["explain", model(), "--index", "1", "--learning-rate", "0"],
      /--learning-rate must be a number above 0/,
    ],
    [
      "a folder that isn't there",
      () => ["explain", model(), "--index", "1", "--out", scratch("none", "a.html")],
      /no such file or folder/,
    ],
    [
      "a picture that isn't there",
      () => ["explain", "one-conv", scratch("two.png")],
      /two\.png: there is no such file/,
    ],
    [
      "a picture that is none",
      () => ["explain", "one-conv", model()],
      /model\.safetensors: it is .* only PNG, JPEG, WebP and GIF/,
    ],
    [
      "filters of a network that has its own",
      () => ["explain", "lenet5", ...data(), "--index", "0", "--filters", "2"],
      /filters/,
    ],
  ];

  test.concurrent.each(cases)("%s", async (_, args, message) => {
    expectRefusal(await unravel(args()), 2, message);
  });

  test.concurrent("nothing is written after a refusal", async () => {
    const out = scratch("never.html");
    await unravel(["explain", "one-conv", scratch("one.png"), "--label", "cat", "--out", out]);
    expect(existsSync(out)).toBe(false);
  });
});

onlyLong(testWithMnist)("MNIST's eighth test image is a nine", async () => {
  const args = ["explain", "one-conv", "--filters", "1", "--data", "mnist", "--index", "7", "--json"];
  const { stdout } = await succeed(args, { env: { UNRAVEL_DATA: process.env.UNRAVEL_DATA } });

  expect(JSON.parse(stdout)).toMatchObject({ label: 9, labelKnown: true, image: "test image 7 of MNIST" });
});
