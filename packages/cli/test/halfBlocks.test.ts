import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { halfBlocks } from "../src/terminal/halfBlocks.js";
import { outputLine } from "../src/terminal/output.js";

const cells = (width: number, ...values: number[]) => ({ width, height: values.length / width, values });

test("without colours a character shows two pixels as ink or paper", () => {
  expect(halfBlocks(cells(4, 0, 9, 0, 9, 0, 0, 9, 9), false)).toEqual([" ▀▄█"]);
});

test("an odd last row has paper below", () => {
  expect(halfBlocks(cells(2, 1, 0, 1, 1, 1, 0), false)).toEqual(["█▄", "▀ "]);
});

test("with colours, black is nothing and the largest number is white", () => {
  const line = outputLine(halfBlocks(cells(1, 0, 2), true)[0]);
  expect(line).toBe("\x1b[38;5;16;48;5;231m▀\x1b[0m");
  expect(stripVTControlCharacters(line)).toBe("▀");
});

test("what has a sign is blue below zero and orange above, as strong as it is large", () => {
  const line = outputLine(halfBlocks(cells(2, -1, 1, -0.5, 0), true)[0]);
  expect(line).toBe("\x1b[38;5;75;48;5;20m▀\x1b[38;5;220;48;5;16m▀\x1b[0m");
});

test("a picture of nothing is paper", () => {
  expect(halfBlocks(cells(2, 0, 0), false)).toEqual(["  "]);
  expect(halfBlocks(cells(1, 0), true).map(outputLine)).toEqual(["\x1b[38;5;16;48;5;16m▀\x1b[0m"]);
});
