import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { onlyLong } from "../../../test/support/long.js";
import { testWithMnist } from "../../../test/support/needs.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { useShapes, writeShapes } from "./support/shapes.js";

const CLASSES = "0123456789";

/** As a page writes it. */
const percentOf = (share: number) => `${(100 * share).toFixed(2).replace(".00", "")}%`;

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes");
let trained: { test: { accuracy: number; loss: number; confusion: number[][] } };

beforeAll(async () => {
  const out = ["--out", scratch("model.safetensors")];
  const { stdout } = await succeed(["train", ...data(), ...out, "--epochs", "2", "--json", "--quiet"]);
  trained = JSON.parse(stdout);
  expect(trained.test.accuracy).toBeGreaterThan(0.9);
});

test.concurrent("a trained model is as good as train said", async () => {
  const { stdout, stderr } = await succeed(["evaluate", scratch("model.safetensors"), ...data(), "--json"]);

  expect(stderr).not.toContain("untrained");
  expect(JSON.parse(stdout)).toEqual({
    model: scratch("model.safetensors"),
    trained: true,
    data: expect.stringContaining("shapes"),
    images: 200,
    engine: "wasm",
    ...trained.test,
    calibrationError: expect.any(Number),
    classes: [...CLASSES].map((name, k) => {
      const { confusion } = trained.test;
      const taken = confusion.reduce((sum, row) => sum + row[k], 0);
      const images = confusion[k].reduce((sum, count) => sum + count, 0);
      const [precision, recall] = [confusion[k][k] / taken, confusion[k][k] / images];
      const f1 = expect.closeTo((2 * precision * recall) / (precision + recall), 12);
      return { class: name, images, precision, recall, f1 };
    }),
  });
});

test.concurrent("people get the matrix, and the accuracy as the last line", async () => {
  const { stdout } = await succeed(["evaluate", scratch("model.safetensors"), ...data()]);

  const lines = stdout.trimEnd().split("\n");
  expect(lines[1]).toMatch(/^actual( +\d){10} +right$/);
  expect(lines).toHaveLength(26);
  expect(lines[13]).toMatch(/^class +images +precision +recall +F1$/);
  expect(lines[14]).toMatch(/^0 +\d+ +\d+\.\d% +\d+\.\d% +\d+\.\d%$/);
  const percent = (100 * trained.test.accuracy).toFixed(2);
  expect(lines[25]).toMatch(
    new RegExp(`^Test accuracy ${percent}% on shapes: \\d+ of 200 images right, loss \\d+\\.\\d+$`),
  );
});

test.concurrent("--quiet leaves the accuracy only", async () => {
  const { stdout, stderr } = await succeed(["evaluate", scratch("model.safetensors"), ...data(), "--quiet"]);

  expect(stderr).toBe("");
  expect(stdout).toMatch(/^Test accuracy [^\n]*\n$/);
});

test.concurrent("--report writes a page of it; another ending, and somebody's page, are refused before the work", async () => {
  const file = scratch("report.html");
  const args = ["evaluate", scratch("model.safetensors"), ...data()];
  const { stderr } = await succeed([...args, "--report", file]);
  expect(stderr).toContain(`Wrote ${file}\n`);
  const page = await readFile(file, "utf8");
  expect(page).toContain("<title>model.safetensors on shapes</title>");
  expect(page).toContain(`of 200 images are right</dt><dd>${percentOf(trained.test.accuracy)}</dd>`);
  expect(page).toContain('<table class="confusion">');
  expect(page).not.toContain(scratch(""));
  await succeed([...args, "--report", file, "--quiet"]); // its own page is replaced

  const theirs = scratch("theirs.html");
  await writeFile(theirs, "<!doctype html><title>Mine</title>");
  expectRefusal(
    await unravel([...args, "--report", theirs]),
    2,
    /is there already and is not a report that unravel wrote/,
  );
  expect(await readFile(theirs, "utf8")).toBe("<!doctype html><title>Mine</title>");
  for (const [name, message] of [
    ["report.pdf", /^--report must be a file name that ends in \.html, not "report\.pdf"\.$/],
    ["-", /^--report -: only files can be written/],
    [scratch("nowhere", "report.html"), /nowhere/],
  ] as const) {
    expectRefusal(await unravel([...args, "--report", name]), 2, message);
  }
});

test.concurrent("a built-in model is fresh from the seed, said to be untrained, and about as good as guessing", async () => {
  const evaluate = (seed: string) => succeed(["evaluate", "one-conv", ...data(), "--json", "--seed", seed]);
  const [first, again, other] = await Promise.all([evaluate("1"), evaluate("1"), evaluate("2")]);

  expect(first.stderr).toContain("one-conv, 8 filters is untrained: its weights are fresh from seed 1.");
  expect(again.stdout).toBe(first.stdout);
  expect(other.stdout).not.toBe(first.stdout);
  const { trained, accuracy } = JSON.parse(first.stdout);
  expect(trained).toBe(false);
  expect(accuracy).toBeLessThan(0.5);
});

test.concurrent("a name in capital letters is still the name of a model file", async () => {
  const capitals = scratch("MODEL.SAFETENSORS");
  await copyFile(scratch("model.safetensors"), capitals);
  const { stdout } = await succeed(["evaluate", capitals, ...data(), "--json", "--quiet"]);

  expect(JSON.parse(stdout).accuracy).toBe(trained.test.accuracy);
});

test.concurrent("of EMNIST's files it is said which set was read", async () => {
  const small = await writeShapes(scratch("small"), { train: 20, test: 30 });
  const folder = scratch("emnist");
  await mkdir(folder);
  for (const name of await readdir(small)) {
    await copyFile(join(small, name), join(folder, `emnist-digits-${name.replace("t10k", "test")}`));
  }
  const { stdout, stderr } = await succeed(["evaluate", scratch("model.safetensors"), "--data", folder]);

  expect(stderr).toContain(`Loading ${folder} ...\nIts files are those of EMNIST digits.\n`);
  expect(stdout).toMatch(/Test accuracy [\d.]+% on EMNIST digits: \d+ of 30 images right/);
});

onlyLong(testWithMnist)("on MNIST all 10,000 test images count", async () => {
  const { stdout } = await succeed(["evaluate", "one-conv", "--filters", "1", "--data", "mnist", "--json"], {
    env: { UNRAVEL_DATA: process.env.UNRAVEL_DATA },
  });

  const { images, confusion } = JSON.parse(stdout);
  expect(images).toBe(10_000);
  expect(confusion[1].reduce((a: number, b: number) => a + b)).toBe(1135);
});
