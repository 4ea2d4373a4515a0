import { describe, expect, test } from "vitest";
import { expectInputError } from "../../../../test/support/sentence.js";
import { drawDigits } from "../../src/data/digits/digits.js";
import { drawPair } from "../../src/data/drawnPair.js";

describe("drawn digits, in slices", () => {
  test("are those that drawDigits draws", async () => {
    const { train, test } = await drawPair(3, { trainCount: 57, testCount: 23 });
    expect(train).toEqual(drawDigits(57, 3, "train"));
    expect(test).toEqual(drawDigits(23, 3, "test"));
  });

  test("no training digits, for who only tests", async () => {
    const { train, test } = await drawPair(0, { trainCount: 0, testCount: 1 });
    expect([train.images.length, train.labels.length, test.labels.length]).toEqual([0, 0, 1]);
  });

  test("tell how far they are, and hear that they are to stop", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = (digits: number, total: number) => {
      expect(total).toBe(70000);
      if (seen.push(digits) === 2) controller.abort("enough");
    };
    await expect(
      drawPair(0, { trainCount: 60000, testCount: 10000, onProgress, signal: controller.signal }),
    ).rejects.toBe("enough");
    expect(seen[0]).toBeGreaterThan(0);
    expect(seen[1]).toBeGreaterThan(seen[0]);
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no room");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("no room");
      },
    ],
  ])("end if who is told %s", async (_, onProgress) => {
    const all = { trainCount: 60000, testCount: 10000 };
    await expect(drawPair(0, { ...all, onProgress })).rejects.toThrow("no room");
  });

  test.each([-1, 1.5, NaN])("%s is no count", async (count) => {
    await expectInputError(() => drawPair(0, { trainCount: count, testCount: 1 }), /whole number/);
  });
});
