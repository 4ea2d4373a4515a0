import { describe, expect, test } from "vitest";
import { nearest } from "../src/nearest.js";

const settings = [
  "epochs",
  "batchSize",
  "optimizer",
  "learningRate",
  "schedule",
  "clip",
  "validation",
  "seed",
];

describe("the nearest name", () => {
  test.each([
    ["epoch", "epochs"],
    ["batch_size", "batchSize"],
    ["batchsize", "batchSize"],
    ["batch-size", "batchSize"],
    ["lerningRate", "learningRate"],
    ["laerningRate", "learningRate"],
    ["sede", "seed"],
    ["shedule", "schedule"],
  ])("of %s is %s", (name, meant) => expect(nearest(name, settings)).toBe(meant));

  test.each(["", "x", "lr", "momentum", "data", "batch", "k".repeat(1e6)])("of %.10s: none", (name) =>
    expect(nearest(name, settings)).toBeUndefined(),
  );

  test("two letters that were swapped count once, and the first of two equally near ones is taken", () => {
    expect(nearest("adma", ["sgd", "adam", "adamw"])).toBe("adam");
    expect(nearest("aac", ["aab", "aad"])).toBe("aab");
    expect(nearest("abcd", ["badc"])).toBeUndefined(); // two swaps
  });
});
