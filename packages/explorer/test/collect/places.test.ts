import { expect, test } from "vitest";
import { moved, pageOf, SHOWN } from "../../src/components/collect/places.js";

/* Where keys lead among classes and their pictures. */

const counts = [3, 0, 120];

test.each([
  ["ArrowRight", { row: 0, at: 0 }, { row: 0, at: 1 }],
  ["ArrowRight", { row: 0, at: 3 }, undefined],
  ["ArrowLeft", { row: 0, at: 1 }, { row: 0, at: 0 }],
  ["ArrowLeft", { row: 0, at: 0 }, undefined],
  ["ArrowDown", { row: 0, at: 3 }, { row: 1, at: 0 }],
  ["ArrowDown", { row: 2, at: 3 }, undefined],
  ["ArrowUp", { row: 2, at: 9 }, { row: 1, at: 0 }],
  ["End", { row: 2, at: 0 }, { row: 2, at: 120 }],
  ["Home", { row: 2, at: 70 }, { row: 2, at: 1 }],
  ["Home", { row: 1, at: 0 }, { row: 1, at: 0 }],
  ["x", { row: 0, at: 0 }, undefined],
] as const)("%s at %j leads to %j", (key, place, expected) => {
  expect(moved(key, place, counts)).toEqual(expected);
});

test("the picture that the keyboard comes to is among those that are shown", () => {
  expect(pageOf(0, 0)).toBe(0);
  expect(pageOf(60, SHOWN)).toBe(0);
  expect(pageOf(0, SHOWN + 1)).toBe(SHOWN);
  expect(pageOf(30, 31)).toBe(30);
});
