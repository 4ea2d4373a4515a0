import { expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { createEngine } from "../../src/engine/index.js";
import { resolveClassWeights } from "../../src/losses/classWeights.js";
import { fit } from "../../src/training/fit.js";
import { Training } from "../../src/training/training.js";
import { bars, barsNetwork } from "../support/bars.js";

/* The class weights of a training: what is given, and what follows from the images. */

test("balanced gives N / (K * n)", () => {
  expect(resolveClassWeights("balanced", ["a", "b"], [0, 1, 1, 1])).toEqual([2, 4 / 6]);
});

test("balanced follows from the images that are trained on", async () => {
  const engine = await createEngine(barsNetwork, { threads: 0 });
  const training = await Training.open(engine, bars(41), { classWeights: "balanced", validation: 9 });
  const { labels } = training.data.train;
  const counts = engine.model.classes.map((_, k) => labels.filter((label) => label === k).length);
  expect(training.settings.classWeights).toEqual(counts.map((n) => 32 / (counts.length * n)));
  await training.close();
  await engine.close();
});

test.each<[string, unknown, RegExp]>([
  [
    "a word",
    "even",
    /^Training: classWeights must be "balanced" or a list of numbers above 0, not "even"\.$/,
  ],
  ["too few", [1], /^Training: classWeights must have one number for each of the \d classes, not 1\.$/],
  ["zero", [0, 1, 1, 1], /^Training: classWeights must be numbers above 0 .* but that of class ".*" is 0\.$/],
])("%s", async (_, classWeights, message) => {
  const engine = await createEngine(barsNetwork, { threads: 0 });
  const options = { classWeights } as { classWeights: "balanced" };
  await expectInputError(() => fit(engine, bars(10), options), message);
  await engine.close();
});

test("a class without an image can't be balanced", async () => {
  const engine = await createEngine(barsNetwork, { threads: 0 });
  const data = bars(30);
  const onlyFirst = { ...data, labels: data.labels.map(() => 0) };
  await expectInputError(
    () => fit(engine, onlyFirst, { classWeights: "balanced" }),
    /^Training: classWeights can't be balanced: none of the 30 training images is of class ".*"; give a weight for each class, or more images\.$/,
  );
  await engine.close();
});
