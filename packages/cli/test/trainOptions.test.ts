import { readdir, readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { sampleOf } from "../../../test/support/long.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

/*
 * What the options of `unravel train` do, seen from outside: each must change the result, and a seed must fix it.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 200, test: 60 });

/** Trains and returns the JSON, without what another run of the same can't repeat: times. */
async function train(...options: string[]) {
  const { stdout } = await succeed(["train", ...data(), "--epochs", "1", "--json", "--quiet", ...options]);
  const result = JSON.parse(stdout);
  const { trainSeconds, totalSeconds, gflops, computedGflops, peakGflops, out, ...rest } = result;
  expect(trainSeconds).toBeLessThan(totalSeconds);
  const epochs = result.epochs.map(({ seconds, imagesPerSecond, ...numbers }: Record<string, number>) => {
    expect(seconds * imagesPerSecond).toBeGreaterThan(1);
    return numbers;
  });
  return { ...rest, epochs };
}

test.concurrent("the same seed gives the same numbers and the same file, another seed others", async () => {
  const files = ["a.safetensors", "b.safetensors", "c.safetensors"].map((name) => scratch(name));
  const runs = [];
  for (const [k, file] of files.entries()) runs.push(await train("--seed", k < 2 ? "3" : "4", "--out", file));
  const bytes = await Promise.all(files.map((file) => readFile(file)));

  expect(runs[1]).toEqual(runs[0]);
  expect(bytes[1].equals(bytes[0])).toBe(true);
  expect({ ...runs[2], seed: 3 }).not.toEqual(runs[0]);
  expect(bytes[2].equals(bytes[0])).toBe(false);
});

/** Options that each must lead to other numbers than those before. */
const variants: readonly (readonly string[])[] = [
  [],
  ["--init", "normal"],
  ["--filters", "4"],
  ["--batch-size", "1"],
  ["--batch-size", "1000"],
  ["--limit", "100"],
  ["--validation", "0.1"],
  ["--validation", "50"],
  ["--learning-rate", "0.002"],
  ["--schedule", "constant"],
  ["--schedule", "cosine"],
  ["--clip", "0.5"],
  ["--label-smoothing", "0.2"],
  ["--class-weights", "1,2,3,4,5,6,7,8,9,10"],
  ["--ema", "0.9"],
  ["--augment", "shift=1,rotate=5"],
  ["--augment", "auto"],
  ["--optimizer", "adam", "--weight-decay", "0.5"],
  ["--optimizer", "adamw", "--weight-decay", "0.6"],
  ["--optimizer", "adamw", "--weight-decay", "0.6", "--decay", "weights"],
  ["--optimizer", "sgd"],
  ["--optimizer", "sgd", "--momentum", "0.5"],
  ["--optimizer", "sgd", "--nesterov"],
  ["--optimizer", "sgd", "--weight-decay", "0.1"],
  ["--model", "lenet5"],
  ["--epochs", "2"],
  ["--engine", "reference"],
];

test.concurrent("every option has an effect", { timeout: 120_000 }, async () => {
  const losses = new Map<number, string>();
  const tried = sampleOf(variants, 4); // lossOptions, optimizers and schedules have tests of their own in the library
  for (let from = 0; from < tried.length; from += 3) {
    const some = tried.slice(from, from + 3); // as many as run at a time
    const results = await Promise.all(some.map((options) => train(...options)));
    for (const [k, { epochs, test, parameters }] of results.entries()) {
      const options = some[k];
      const name = options.join(" ");
      expect(Number.isFinite(test.loss), name).toBe(true);
      expect(losses.get(test.loss), `${name} gave the same loss as`).toBeUndefined();
      losses.set(test.loss, name);
      expect(epochs).toHaveLength(options.includes("--epochs") ? 2 : 1);
      expect(epochs[0].valLoss !== null, name).toBe(options.includes("--validation"));
      if (options.includes("--filters")) expect(parameters).toBe(4 * 9 + 4 + 100 * 10 + 10);
    }
  }
  expect(losses.size).toBe(tried.length);
});

test.concurrent("any number of threads gives the same numbers, and --strict and --engine say what they are", async () => {
  const [one, three, strict, reference] = await Promise.all([
    train("--limit", "64", "--threads", "1"),
    train("--limit", "64", "--threads", "3"),
    train("--limit", "64", "--strict"),
    train("--limit", "64", "--engine", "reference"),
  ]);

  expect([one.threads, three.threads]).toEqual([1, 3]);
  expect({ ...three, threads: 1 }).toEqual(one);
  expect(strict).toMatchObject({ engine: "wasm", strict: true });
  expect(reference).toMatchObject({ engine: "reference", strict: true, threads: 1 });
  // not the same sums in the same order, but the same network: one beside the other they differ in late digits only
  expect(reference.before.loss).toBeCloseTo(one.before.loss, 4);
  expect(reference.test.loss).toBeCloseTo(one.test.loss, 2);
  expect(strict.test.loss).toBeCloseTo(one.test.loss, 2);
});

test.concurrent("--init he starts as the default does, normal otherwise", async () => {
  const [plain, he, normal] = await Promise.all([
    train("--limit", "32"),
    train("--limit", "32", "--init", "he"),
    train("--limit", "32", "--init", "normal"),
  ]);

  expect(he).toEqual(plain);
  expect(normal.before.loss).toBeGreaterThan(plain.before.loss); // "predicted way too wrong"
});

test.concurrent("a batch larger than the data is all of the data", async () => {
  const [all, more] = await Promise.all([train("--batch-size", "200"), train("--batch-size", "1e9")]);

  expect(more).toEqual(all);
});

test.concurrent("a share and a number of validation images mean the same", async () => {
  const [share, number] = await Promise.all([train("--validation", "0.25"), train("--validation", "50")]);

  expect(number).toEqual(share);
});

test.concurrent("what is written is as good when it is evaluated", async () => {
  const file = scratch("out.safetensors");
  const trained = await train("--out", file, "--model", "lenet5", "--epochs", "2");
  const { stdout } = await succeed(["evaluate", file, ...data(), "--json", "--quiet"]);

  const { accuracy, loss, confusion } = JSON.parse(stdout);
  expect({ accuracy, loss, confusion }).toEqual(trained.test);
  expect(accuracy).toBeGreaterThan(0.15);
});

test.concurrent("a trained model goes on from its weights", async () => {
  const file = scratch("first.safetensors");
  const first = await train("--out", file, "--epochs", "4", "--batch-size", "16");
  const before = await readFile(file);
  const more = scratch("more.safetensors");
  const { stdout, stderr } = await succeed(["train", ...data(), "--json", "--model", file, "--out", more]);

  const second = JSON.parse(stdout);
  expect(stderr).toContain("Network   first.safetensors (trained before): 2,090 parameters");
  expect(stderr).not.toContain("guessing");
  // not measured on the same images, but far from where fresh weights begin
  expect(second.before.loss).toBeLessThan(first.before.loss / 2);
  expect(second.before.accuracy).toBeGreaterThan(0.8);
  expect((await readFile(file)).equals(before), "the model it began with is left alone").toBe(true);
  expect((await readFile(more)).equals(before)).toBe(false);
});

test.concurrent("a trained model can be trained in place", async () => {
  const file = scratch("place.safetensors");
  await train("--out", file, "--limit", "64");
  const before = await readFile(file);
  await train("--out", file, "--limit", "64", "--model", file);

  expect((await readFile(file)).equals(before)).toBe(false);
  expect((await readdir(scratch())).filter((name) => name.startsWith(".unravel"))).toEqual([]);
});

const layers = [
  { type: "conv2d", filters: 2, kernel: 3, padding: "same" },
  { type: "maxPool2d", size: [2, 3] },
  { type: "flatten" },
  { type: "dense", units: 10 },
];
const names = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "a jay with a long name"];

test.concurrent("a spec brings its own network and its own names for the classes", async () => {
  const spec = scratch("named.json");
  await writeFile(spec, JSON.stringify({ input: [1, 12, 12], layers, classes: names }));
  const out = scratch("named.safetensors");
  const { stdout } = await succeed(["train", ...data(), "--model", spec, "--out", out]);

  const rows = stdout.split("\n").slice(2, 12);
  expect(rows.map((row) => row.slice(0, 15).trimEnd())).toEqual(
    names.map((name, k) => `${k} ${k < 9 ? name : "a jay with …"}`.trimEnd()),
  );
  for (const row of rows) expect(row.length).toBeLessThanOrEqual(80);
  const summary = await succeed(["summary", out, "--json"]);
  expect(JSON.parse(summary.stdout)).toMatchObject({
    classes: names,
    parameters: 2 * 9 + 2 + 2 * 24 * 10 + 10,
  });
});

test.concurrent("a spec for other images is refused before training", async () => {
  const spec = scratch("large.json");
  await writeFile(spec, JSON.stringify({ input: [1, 28, 28], layers }));

  expectRefusal(
    await unravel(["train", ...data(), "--model", spec]),
    2,
    /^The images of shapes have shape \[1, 12, 12\], but the model takes \[1, 28, 28\]; change "input"/,
  );
});

test("a GPU whose package isn't installed: said before anything is loaded", async ({ skip }) => {
  const isInstalled = await import(`${"webgpu"}`).then(
    () => true,
    () => false,
  );
  if (isInstalled) skip("the package webgpu is installed");
  for (const command of [
    ["train", ...data()],
    ["evaluate", "one-conv", ...data()],
    ["predict", "one-conv", "no-such.png"],
    ["bench", "one-conv"],
  ]) {
    const refused = await unravel([...command, "--engine", "webgpu"]);
    expectRefusal(
      refused,
      2,
      /^The webgpu engine needs the package webgpu, .*; run "npm install webgpu", or /,
    );
    expect(refused.stderr).not.toContain("Loading");
  }
  // where anything will do, WebAssembly does it, and that is said once
  const auto = [...data(), "--epochs", "1", "--threads", "1", "--json"];
  const { stdout, stderr } = await succeed(["train", ...auto, "--engine", "auto"]);
  const result = JSON.parse(stdout);
  const reason = "The webgpu engine needs the package webgpu, which is not installed here";
  expect(result).toMatchObject({
    ...{ engine: "wasm", adapter: null, engineChanges: [] },
    engineChoice: { engine: "wasm", reason, milliseconds: { wasm: null, webgpu: null } },
  });
  expect(stderr.split(reason), "said once").toHaveLength(2);
  expect(stderr).toContain(`Chosen    wasm: ${reason}\n`);
  const wasm = JSON.parse((await succeed(["train", ...auto])).stdout);
  expect(wasm.engineChoice).toBe(null);
  expect(result.test).toEqual(wasm.test);
});
