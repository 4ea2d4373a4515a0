import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineModel, parseSpec } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { optionsOf } from "../src/commands/train/withRecipe.js";
import { readRecipe, recipeNames } from "../src/recipes/recipe.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

const folder = join(import.meta.dirname, "../../core/recipes");
const scratch = scratchFolder();

const data = useShapes(scratch, "shapes", { size: 28, train: 64, test: 20 });

/** One epoch of few images. */
const short = () => [...data(), "--epochs", "1", "--threads", "1"];
const SAID = ["--json", "--quiet"];

test("each recipe of the library is read, has options that train takes, and a network that is used", () => {
  expect(recipeNames()).toEqual([
    "best",
    "cifar10",
    "cifar10-hour",
    "default",
    "drawn-digits",
    "fast",
    "tiny",
  ]);
  const used = recipeNames().map((name) => {
    const { about, needs, options } = readRecipe(name);
    expect(about).toMatch(/^[A-Z0-9].*\.$/);
    expect("data" in options || "data" in needs || name === "default").toBe(true);
    const { model = "" } = optionsOf(readRecipe(name));
    if (model.endsWith(".json")) defineModel(parseSpec(readFileSync(model, "utf8")));
    return String(options.model).replace(/^models\//, "");
  });
  for (const file of readdirSync(join(folder, "models"))) expect(used).toContain(file);
});

test("tiny has as few parameters as it says", () => {
  const { model = "" } = optionsOf(readRecipe("tiny"));
  expect(defineModel(parseSpec(readFileSync(model, "utf8"))).parameterCount).toBeLessThan(1400);
});

test("default is what train does without options, and what is given goes before", async () => {
  const plain = JSON.parse((await succeed(["train", ...short(), ...SAID])).stdout);
  const named = JSON.parse((await succeed(["train", "--recipe", "default", ...short(), ...SAID])).stdout);
  expect([plain.model, plain.parameters, plain.test]).toEqual(["three-conv", 8962, named.test]);
  const { stderr } = await succeed(["train", ...data(), "--batch-size", "64", "--threads", "1"]);
  expect(stderr).toMatch(/three-conv.*\n.*2 epochs, batches of 64, sgd, rate 0\.1 one-cycle/);
  const filters = JSON.parse((await succeed(["train", "--filters", "2", ...short(), ...SAID])).stdout);
  expect(filters.model).toBe("one-conv");
});

test("a recipe's words, written out, train to the same weights", async () => {
  const [first, second] = [scratch("a.safetensors"), scratch("b.safetensors")];
  await succeed(["train", "--recipe", "fast", ...short(), ...SAID, "--out", first]);
  const shown = (await succeed(["recipes", "fast"])).stdout;
  const words = shown
    .slice(shown.lastIndexOf("unravel train") + 14)
    .trim()
    .split(/\s+/);
  expect(words).toContain("--optimizer=sgd");
  await succeed(["train", ...words, ...short(), ...SAID, "--out", second]);
  expect(readFileSync(first).equals(readFileSync(second))).toBe(true);
});

test("an option of the command takes the place of the recipe's, another optimizer that of all that goes with it", async () => {
  const args = ["train", "--recipe", "fast", ...short()];
  expect((await succeed(args)).stderr).toContain("batches of 32, sgd, rate 0.1 one-cycle");
  const other = await succeed([...args, "--optimizer", "adam", "--batch-size", "16"]);
  expect(other.stderr).toContain("batches of 16, adam, rate 0.007071");
});

test("a rate that is for another batch size is not taken, unless it is given", async () => {
  const args = ["train", "--recipe", "fast", ...short(), "--batch-size", "1"];
  expect((await succeed(args)).stderr).toContain("one image at a time, sgd, rate 0.001562 one-cycle");
  expect((await succeed([...args, "--learning-rate", "0.01"])).stderr).toContain("sgd, rate 0.01 one-cycle");
});

test("a recipe of one's own finds its network beside it, and sweeps take recipes", async () => {
  const spec = { input: [1, 28, 28], layers: [{ type: "flatten" }, { type: "dense", units: 10 }] };
  writeFileSync(scratch("net.json"), JSON.stringify(spec));
  const mine = scratch("mine.json");
  writeFileSync(
    mine,
    JSON.stringify({ options: { model: "net.json", "batch-size": 8, nesterov: true, optimizer: "sgd" } }),
  );
  const { stderr } = await succeed(["train", "--recipe", mine, ...short()]);
  expect(stderr).toMatch(/net\.json: 7,850 parameters/);
  const sweep = scratch("sweep.json");
  const train = `--recipe ${mine} --data ${data()[1]} --epochs 1 --validation 0.2`;
  writeFileSync(sweep, JSON.stringify({ train, vary: { "batch-size": [8, 16] } }));
  const { stdout } = await succeed(["sweep", sweep, "--quiet", "--jobs", "1"], { cwd: scratch() });
  expect(stdout).toContain("batch-size");
});

describe("--test", () => {
  const other = useShapes(scratch, "other", { size: 28, train: 20, test: 30 });
  const small = useShapes(scratch, "small", { size: 12, train: 20, test: 20 });

  test("takes the test images of other data", async () => {
    const { stdout } = await succeed(["train", ...short(), "--test", other()[1], ...SAID]);
    expect(sum(JSON.parse(stdout).test.confusion.flat())).toBe(30);
  });

  test("of the same kind only", async () => {
    expectRefusal(
      await unravel(["train", ...short(), "--test", small()[1]]),
      2,
      /^--test .*small: its images are 1x12x12 in 10 classes.*those to train on are 1x28x28/,
    );
  });
});

test.each<readonly [string, unknown, RegExp]>([
  ["text", "{", /^mine\.json is no recipe: it is not JSON\.$/],
  ["a list", [], /it must be an object with options/],
  ["another key", { options: {}, epochs: 3 }, /it has "epochs", but only about, needs and options are known/],
  ["no options", { about: "mine" }, /options must be an object/],
  [
    "a list as a value",
    { options: { epochs: [3] } },
    /options\.epochs must be a text, a number or true, not \[3\]/,
  ],
  ["an option that train hasn't", { options: { epoch: 3 } }, /^The recipe mine: unknown option '--epoch/],
  [
    "a value that train refuses",
    { options: { epochs: 0 } },
    /^The recipe mine: --epochs must be a whole number/,
  ],
  ["a file to write", { options: { out: "x.safetensors" } }, /--out belongs on the command line/],
  [
    "a need that isn't met",
    { needs: { data: "letters" }, options: {} },
    /^The recipe mine needs --data: letters\.$/,
  ],
])("a recipe that is %s is refused in a sentence", async (_, file, message) => {
  const cwd = scratch();
  writeFileSync(join(cwd, "mine.json"), typeof file === "string" ? file : JSON.stringify(file));
  expectRefusal(await unravel(["train", "--recipe", "mine.json"], { cwd }), 2, message);
});

test("a recipe that isn't there, and one that needs data", async () => {
  expectRefusal(
    await unravel(["train", "--recipe", "bst"]),
    2,
    /^There is no recipe "bst" \(did you mean best\?\); there are best, /,
  );
  expectRefusal(
    await unravel(["recipes", "none.json"]),
    2,
    /^none\.json can't be read: there is no such file\.$/,
  );
  expectRefusal(
    await unravel(["train", "--recipe", "cifar10"]),
    2,
    /^The recipe cifar10 needs --data: CIFAR-10 as pictures/,
  );
});

test("recipes lists them, shows one, and gives both as JSON", async () => {
  const list = JSON.parse((await succeed(["recipes", "--json"])).stdout);
  expect(list.map((one: { name: string }) => one.name)).toEqual(recipeNames());
  expect(JSON.parse((await succeed(["recipes", "tiny", "--json"])).stdout)).toEqual(list.at(-1));
  const { stdout } = await succeed(["recipes", "cifar10"]);
  expect(stdout).toContain("unravel train --recipe cifar10 --data DATA");
  for (const line of (await succeed(["recipes"])).stdout.split("\n"))
    expect(line.length).toBeLessThanOrEqual(80);
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
