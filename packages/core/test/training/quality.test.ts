import { describe, expect, test } from "vitest";
import {
  answerQualities,
  classQualities,
  evaluateLogits,
  losses,
  ScoreTally,
  tensor,
} from "../../src/index.js";

describe("precision, recall and F1", () => {
  test("by their definitions", () => {
    expect(
      classQualities([
        [8, 2, 0],
        [1, 3, 0],
        [0, 0, 0],
      ]),
    ).toEqual([
      { images: 10, precision: 8 / 9, recall: 0.8, f1: 16 / 19 },
      { images: 4, precision: 3 / 5, recall: 0.75, f1: 6 / 9 },
      { images: 0, precision: null, recall: null, f1: null },
    ]);
  });

  test("a class that no image shows, but one was taken for", () => {
    const [, second] = classQualities([
      [1, 1],
      [0, 0],
    ]);
    expect(second).toEqual({ images: 0, precision: 0, recall: null, f1: 0 });
  });
});

test("with several labels at once: each class by its own answers", () => {
  const labels = [1, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0];
  const logits = tensor([4, 3], Float32Array.of(1, 1, -1, 1, 1, -1, -1, -1, -1, 1, -1, -1));
  const { answers = [] } = evaluateLogits(
    logits,
    labels,
    losses.binaryCrossEntropy.resolve({ type: "binaryCrossEntropy" }),
  );
  expect(answerQualities(answers)).toEqual([
    { images: 2, precision: 2 / 3, recall: 1, f1: 4 / 5 },
    { images: 2, precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 },
    { images: 0, precision: null, recall: null, f1: null },
  ]);
});

/** Scores whose softmax gives these probabilities. */
const scoresOf = (rows: readonly (readonly number[])[]) =>
  tensor([rows.length, rows[0].length], Float32Array.from(rows.flat(), Math.log));

describe("how sure the answers are", () => {
  test("calibration: how far probabilities are from the share that is right", () => {
    const tally = new ScoreTally(10);
    // sure by 0.9, of four three right; sure by 0.6, of two one right
    tally.add(
      scoresOf([
        [0.9, 0.1],
        [0.9, 0.1],
        [0.1, 0.9],
      ]),
      [0, 0, 1],
    );
    tally.add(
      scoresOf([
        [0.9, 0.1],
        [0.6, 0.4],
        [0.4, 0.6],
      ]),
      [1, 0, 0],
    );
    const { calibrationError, mistakes } = tally.result();
    expect(calibrationError).toBeCloseTo((4 * Math.abs(0.9 - 0.75) + 2 * Math.abs(0.6 - 0.5)) / 6, 5);
    expect(mistakes).toEqual([
      { image: 3, actual: 1, predicted: 0, probability: expect.closeTo(0.9, 5) },
      { image: 5, actual: 0, predicted: 1, probability: expect.closeTo(0.6, 5) },
    ]);
  });

  test("the groups of the calibration hold every answer once", () => {
    const tally = new ScoreTally(10);
    tally.add(
      scoresOf([
        [0.9, 0.1],
        [0.92, 0.08],
        [0.4, 0.6],
      ]),
      [0, 1, 1],
    );
    const { calibration } = tally.result();
    expect(calibration.map(({ images }) => images)).toEqual([...Array(9).fill(0), 1, 0, 0, 0, 2, 0]);
    expect(calibration[13]).toEqual({
      ...{ from: 13 / 15, to: 14 / 15, images: 2, accuracy: 0.5 },
      confidence: expect.closeTo(0.91, 5),
    });
    expect(calibration[0]).toMatchObject({ confidence: null, accuracy: null });
  });

  test("probabilities are those of the model's loss; scores are none, and are not calibrated", () => {
    const sigmoids = new ScoreTally(10, losses.binaryCrossEntropy.resolve({ type: "binaryCrossEntropy" }));
    sigmoids.add(tensor([1, 2], Float32Array.of(0, -1)), [1]);
    expect(sigmoids.result().mistakes[0].probability).toBeCloseTo(0.5, 6);
    const scores = new ScoreTally(10, losses.meanSquaredError.resolve({ type: "meanSquaredError" }));
    scores.add(tensor([1, 2], Float32Array.of(1.25, -1)), [1]);
    expect(scores.result()).toMatchObject({
      calibrationError: null,
      calibration: [],
      mistakes: [{ probability: 1.25 }],
    });
  });

  test("the right class among the five most probable", () => {
    const tally = new ScoreTally(10);
    const row = [0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05];
    tally.add(scoresOf(row.map(() => row)), [0, 1, 2, 3, 4, 5, 6]);
    expect(tally.result().top5).toBeCloseTo(5 / 7, 10);
  });

  test("only so many mistakes are kept, the surest", () => {
    const tally = new ScoreTally(3);
    for (let n = 0; n < 3000; n++) tally.add(scoresOf([[0.5 + n / 7000, 0.5 - n / 7000]]), [1]);
    expect(tally.result().mistakes.map(({ image }) => image)).toEqual([2999, 2998, 2997]);
  });
});
