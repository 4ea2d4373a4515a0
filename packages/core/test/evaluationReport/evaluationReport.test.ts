import { describe, expect, test } from "vitest";
import { evaluateLogits, renderEvaluation, tensor } from "../../src/index.js";
import { evaluated } from "../support/evaluations.js";

/* How good a network is, as a page. How it looks in a browser is in test/report.test.ts. */

const names = (count: number) => Array.from({ length: count }, (_, k) => `kind ${k}`);
/** The text of a page's part. */
const part = (page: string, id: string) =>
  (new RegExp(`<section class="topic" id="${id}">(.*?)</section>`, "s").exec(page)?.[1] ?? "none")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");
const idsIn = (page: string) =>
  Array.from(page.matchAll(/<section class="topic" id="(\w+)">/g), ([, id]) => id);

describe("two classes, of which every fourth image is taken for the other", () => {
  const subject = evaluated({ classes: ["cat", "dog"], images: 80, wrong: 4 });
  const page = renderEvaluation({ ...subject, nameOf: (image) => `cats/${image}.png` });

  test("the numbers are those of the evaluation", () => {
    expect(part(page, "overview")).toContain("accuracy: 60 of 80 images are right 75% ");
    expect(part(page, "overview")).toContain("would be right with always the commonest class 50.0%");
    // every fourth image is of the first class: 20 of its 40 are wrong, none of the second's
    expect(part(page, "confusion")).toMatch(/0 cat 20 20 50\.0% 1 dog · 40 100\.0%/);
    expect(part(page, "confusion")).toMatch(/is taken for images of its class cat dog 20 50\.0% $/);
    expect(part(page, "classes")).toMatch(/0 cat 40 100\.0% 50\.0% 66\.7% 1 dog 40 66\.7% 100\.0% 80\.0% $/);
    expect(part(page, "overview")).toContain("mean F1 of the classes 73.3%");
    expect(part(page, "overview")).not.toContain("five most probable");
  });

  test("the groups of the calibration add up to all images", () => {
    const rows = [...part(page, "calibration").matchAll(/[\d.]+% to [\d.]+% ([\d,]+) [\d.]+% [\d.]+%/g)];
    expect(rows.reduce((sum, [, images]) => sum + Number(images), 0)).toBe(80);
    expect(rows.length).toBe(subject.scores?.calibration.filter(({ images }) => images > 0).length);
  });

  test("the surest mistakes stand first, with their files and pictures", () => {
    const text = part(page, "mistakes");
    expect(text).toMatch(/taken for dog , 87\.\d% is cat cats\/ 76\.png taken for dog ,/);
    expect(page.match(/<img src="data:image\/png;base64,/g)).toHaveLength(20);
  });
});

test("of a hundred classes the matrix is a map, the lowest F1 comes first, and the right one counts among five", () => {
  const page = renderEvaluation(evaluated({ classes: names(100), images: 1000, wrong: 7, channels: 3 }));
  expect(page).toContain('<svg class="heat"');
  expect(page).not.toContain('<table class="confusion"');
  expect(part(page, "confusion")).toContain("15 of 100 pairs that were confused.");
  expect(part(page, "overview")).toContain("right class among the five most probable");
  const shown = [...part(page, "classes").matchAll(/kind \d+ 10 [\d.]+% [\d.]+% ([\d.]+)%/g)];
  expect(shown).toHaveLength(100);
  const f1 = shown.map(([, value]) => Number(value));
  expect(f1).toEqual(f1.toSorted((a, b) => a - b));
});

test("where the names of classes are their numbers, these stand once", () => {
  const page = renderEvaluation(evaluated({ classes: [..."012"], images: 30, wrong: 100 }));
  expect(part(page, "confusion")).toMatch(/ 0 1 2 right 0 9 1 · 90\.0% 1 · 10 · 100\.0% 2 · · 10 100\.0% /);
  expect(part(page, "classes")).toMatch(/ class images precision recall F1 0 10 100\.0% 90\.0% 94\.7% 1 10 /);
});

test("classes without an image are left out where there are many, and counted", () => {
  const page = renderEvaluation(evaluated({ classes: names(60), images: 30, wrong: 100 }));
  // the first of the images is taken for another class that has one
  expect(part(page, "classes")).toContain("30 classes of which there is no image are left out.");
});

test("where there is no mistake, that is said, and none is shown", () => {
  const { scores, evaluation, ...subject } = evaluated({ classes: names(3), images: 9, wrong: 5 });
  const logits = tensor(
    [9, 3],
    Float32Array.from({ length: 27 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 9 : 0)),
  );
  const page = renderEvaluation({
    ...subject,
    evaluation: evaluateLogits(logits, subject.data.labels),
    scores: scores && { ...scores, mistakes: [] },
  });
  expect(part(page, "confusion")).toContain("There is no mistake.");
  expect(idsIn(page)).toEqual(["overview", "confusion", "classes", "calibration"]);
});

test("scores that are no probabilities are not calibrated, and called scores", () => {
  const page = renderEvaluation(
    evaluated({ classes: names(3), images: 30, wrong: 4, loss: { type: "meanSquaredError" } }),
  );
  expect(idsIn(page)).toEqual(["overview", "confusion", "classes", "mistakes"]);
  expect(part(page, "mistakes")).toMatch(/taken for kind \d , score 1\.\d+ is/);
});

test("with several labels at once there is a line for each class, and no class is taken for another", () => {
  const { scores, ...subject } = evaluated({
    classes: names(3),
    images: 4,
    wrong: 5,
    loss: { type: "binaryCrossEntropy" },
  });
  const labels = Uint8Array.of(1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0);
  const logits = tensor([4, 3], Float32Array.of(1, 1, -1, 1, 1, -1, -1, -1, -1, 1, -1, -1));
  const page = renderEvaluation({
    ...subject,
    data: { ...subject.data, labels },
    evaluation: evaluateLogits(logits, labels, subject.model.loss),
  });
  expect(idsIn(page)).toEqual(["overview", "classes"]);
  expect(part(page, "overview")).toContain("1 of 4 images have every label right 25%");
  expect(part(page, "overview")).toContain("mean F1 of the classes 65.0%"); // of the two that an image shows
  expect(part(page, "classes")).toMatch(
    /0 kind 0 2 66\.7% 100\.0% 80\.0% 1 kind 1 2 50\.0% 50\.0% 50\.0% 2 kind 2 0 – – – $/,
  );
});

test("names are shown as they are, not run", () => {
  const subject = evaluated({ classes: ["<b>&", '"><script>alert(1)</script>'], images: 8, wrong: 2 });
  const page = renderEvaluation({ ...subject, nameOf: () => "<i>.png" });
  expect(page.match(/<script|<b>&<|<i>\.png/g)).toBe(null);
  expect(page).toContain("&lt;i&gt;.png");
});

test("what is untrained is called so", () => {
  expect(
    renderEvaluation({ ...evaluated({ classes: ["a", "b"], images: 8, wrong: 2 }), trained: false }),
  ).toContain("<b>untrained</b>: its weights are random");
});
