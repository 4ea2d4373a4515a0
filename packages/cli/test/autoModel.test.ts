import { defineModel, resnet, sevenConv } from "unravel-cnn";
import { expect, test } from "vitest";
import { BUDGET, commandOf, epochsFor, modelFor, settled } from "../src/commands/train/autoModel.js";
import type { TrainOptions } from "../src/commands/train/options.js";
import type { CommandData } from "../src/data.js";
import { readRecipe } from "../src/recipes/recipe.js";

/* What `train` chooses for pictures where nothing is said. */

test("as many epochs as make some ten minutes, whatever the machine", () => {
  const model = defineModel(resnet());
  expect(model.inputShape).toEqual([3, 32, 32]);
  const counts = [100, 50_000, 1_000_000];
  expect(counts.map((images) => epochsFor(model, images, BUDGET.other))).toEqual([100, 10, 3]);
  const recipe = readRecipe("cifar10");
  expect(recipe.options.model).toBe("seven-conv");
  expect(epochsFor(defineModel(sevenConv()), 50_000, BUDGET.tiled)).toBe(recipe.options.epochs);
});

test.each([
  ["many photographs", 10_000, [3, 32, 32], "seven-conv"],
  ["some", 9_999, [3, 32, 32], "resnet"],
  ["many that are tiny", 10_000, [3, 7, 8], "resnet"],
  ["many large grey ones", 10_000, [1, 33, 33], "seven-conv"],
  ["many small grey ones", 10_000, [1, 32, 32], "three-conv"],
] as const)("%s: the network", (_, count, shape, name) => {
  const train = { shape, classes: ["a", "b"], images: new Uint8Array(), labels: new Uint8Array(count) };
  const data = { pictures: {}, train, source: "here" } as unknown as CommandData;
  expect(modelFor("auto", data, {})).toBe(name);
  expect(modelFor("auto", data, { width: 8 })).toBe("resnet");
});

test("for many, what isn't given is the recipe's", () => {
  const train = {
    shape: [3, 32, 32],
    classes: ["a", "b"],
    images: new Uint8Array(),
    labels: new Uint8Array(50_000),
  };
  const data = { pictures: {}, train, source: "here" } as unknown as CommandData;
  const given = { model: "auto", data: "x.zip", epochs: 3, batchSize: 64 } as unknown as TrainOptions;
  const isGiven = (option: string) => ["data", "batchSize"].includes(option);
  const { options } = settled({ options: given, isGiven }, data);
  expect(options).toMatchObject({ model: "seven-conv", batchSize: 64, ema: 0.99, optimizer: "sgd" });
  expect(commandOf({ model: "seven-conv", epochs: 6 }, isGiven, ["train", "--data", "x.zip"])).toBe(
    "unravel train --data x.zip --recipe cifar10 --epochs 6",
  );
});
