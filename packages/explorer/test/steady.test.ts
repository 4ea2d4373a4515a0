import { expect, test } from "vitest";
import { steadyCells, steadyShapes } from "../src/state/steady.js";

/* What didn't change is the same object as before; what did is not. */

test("cells: the same ones in the same order", () => {
  const steady = steadyCells();
  const cells = (...rows: number[]) => rows.map((row) => ({ tensor: "conv1.out", index: [0, 1, row, 2] }));
  const first = steady(cells(1, 2));
  expect(steady(cells(1, 2))).toBe(first);
  for (const others of [
    cells(2, 1),
    cells(1, 2, 3),
    cells(1),
    [],
    cells(1, 2).map(({ index }) => ({ tensor: "relu1.out", index })),
  ]) {
    steady(cells(1, 2));
    expect(steady(others)).toBe(others);
  }
});

test("shapes: of the same tensors", () => {
  const steady = steadyShapes();
  const zeros = (shapes: Record<string, number[]>) =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
      ]),
    );
  const shapes = { x: [1, 1, 4, 4], probs: [1, 10], loss: [] };
  const first = steady(zeros(shapes));
  expect(first).toEqual(shapes);
  expect(steady(zeros(shapes))).toBe(first);
  const { x, probs } = shapes;
  for (const others of [
    { ...shapes, x: [2, 1, 4, 4] },
    { x, probs },
    { ...shapes, lr: [] },
    { ...shapes, loss: [1] },
  ]) {
    steady(zeros(shapes));
    expect(steady(zeros(others))).toEqual(others);
  }
});
