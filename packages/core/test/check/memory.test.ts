import { describe, expect, test, vi } from "vitest";
import { Memory } from "../../src/check/memory.js";
import { NONE, type Value } from "../../src/check/value.js";
import { layerKinds } from "../../src/layers/index.js";
import { SMALL, saysOf, stepOf, withArrays } from "../support/checkedSteps.js";

const numbersOf = (...numbers: number[]): Value => ({
  shape: [numbers.length],
  data: Float64Array.from(numbers),
  variance: NONE,
});

describe("what a step gives is remembered", () => {
  const [x, w] = [numbersOf(1, 2), numbersOf(3)];
  const arrays = new Map<string, object>([
    ["x", x],
    ["w", w],
  ]);
  const identity = (name: string) => arrays.get(name) as object;
  const read = ["x", "w"];

  test("by the step and the arrays that went in, with rounding errors and without apart", () => {
    const memory = new Memory();
    const compute = vi.fn(() => ({ value: numbersOf(compute.mock.calls.length), read }));
    const first = memory.recall("sum", true, identity, compute);
    expect(memory.recall("sum", true, identity, compute)).toBe(first);
    expect(compute).toHaveBeenCalledTimes(1);
    expect(memory.recall("sum", false, identity, compute)).not.toBe(first);
    expect(memory.recall("other sum", true, identity, compute)).not.toBe(first);
    arrays.set("w", numbersOf(3));
    expect(memory.recall("sum", true, identity, compute)).not.toBe(first);
    arrays.set("w", w);
    expect(memory.recall("sum", true, identity, compute)).toBe(first);
    expect(compute).toHaveBeenCalledTimes(4);
  });

  test("not where it has read other arrays than before", () => {
    const memory = new Memory();
    memory.recall("sum", true, identity, () => ({ value: numbersOf(1), read }));
    arrays.set("x", numbersOf(1, 2));
    const other = () => ({ value: numbersOf(2), read: ["x"] });
    const once = memory.recall("sum", true, identity, other);
    expect(memory.recall("sum", true, identity, other)).not.toBe(once);
  });

  test("and arrays with the same numbers are one array, for one purpose", () => {
    const memory = new Memory();
    const seen = memory.seen("x", Float64Array.of(1, 2));
    expect(memory.seen("x", Float64Array.of(1, 2))).toBe(seen);
    expect(memory.seen("y", Float64Array.of(1, 2))).not.toBe(seen);
    expect(memory.seen("x", Float64Array.of(1, 3))).not.toBe(seen);
    expect(memory.seen("x", Float64Array.of(9 - 8, 2))).toBe(seen);
  });

  test("until too many numbers are kept", () => {
    const memory = new Memory();
    const seen = memory.seen("x", Float64Array.of(1, 2));
    memory.seen("y", new Float64Array(5_000_000));
    expect(memory.seen("x", Float64Array.of(1, 2))).not.toBe(seen);
  });
});

test("of weights and gradients alone most of what is tried is computed once", () => {
  const step = Object.entries(stepOf(SMALL)).filter(([name]) =>
    /^(grad\.)?(conv1|fc1)\.weight$|^[xy]$/.test(name),
  );
  const wrong = withArrays(Object.fromEntries(step), /^grad\.fc1/, (g, k) => g + Math.sin(k));
  const forward = vi.spyOn(layerKinds.conv2d, "forward");
  try {
    expect(saysOf(wrong)).toMatchObject({ first: "grad.fc1.weight", mistakes: ["unknown@grad.fc1.weight"] });
    expect(forward.mock.calls.length).toBeLessThan(600); // ten times as often, if each reading and mistake began anew
  } finally {
    vi.restoreAllMocks();
  }
});
