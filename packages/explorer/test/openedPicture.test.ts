import { defineModel, type Fit, type ImageShape, pictureRule, preparePicture } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import type { Drawing } from "../src/state/drawing.js";
import { openedFor, remembered, retaken } from "../src/state/openedPicture.js";

/* A picture from a file on the pad, when networks change. That the page shows it so is in files.test.ts. */

const networkFor = (input: ImageShape, fit?: Fit) =>
  defineModel({
    input,
    layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
    classes: fit ? ["cat", "dog"] : ["1", "2"],
    ...(fit && { pictures: pictureRule(input, fit) }),
  });
const cover = networkFor([3, 6, 8], "cover");
const stretch = networkFor([3, 6, 8], "stretch");
const handwriting = networkFor([1, 28, 28]);

/** As a canvas gives it: opaque, without anything drawn on it. */
const flat = {
  width: 30,
  height: 20,
  data: new Uint8ClampedArray(2400).map((_, k) => (k % 4 === 3 ? 255 : 90)),
};
const lines = { ...flat, data: flat.data.map((value, k) => (k % 4 === 3 ? value : (k * 7) % 256)) };

const drawingOf = (picture: typeof flat): Drawing => ({ base: openedFor(cover, picture).base, strokes: [] });
const bytesIn = ({ base }: Drawing) => (base?.kind === "pixels" ? base.bytes : undefined);

describe("another network", () => {
  test("gets the picture in its own way, and one that takes it in the same way what there is", () => {
    const drawing = drawingOf(lines);
    expect(bytesIn(drawing)).toEqual(preparePicture(cover, lines).input);
    expect(retaken(drawing, defineModel(cover.spec)).drawing).toBe(drawing);
    const other = retaken(drawing, stretch);
    expect(other.problem).toBeUndefined();
    expect(bytesIn(other.drawing)).toEqual(preparePicture(stretch, lines).input);
    expect(bytesIn(other.drawing)).not.toEqual(bytesIn(drawing));
    expect(bytesIn(retaken(other.drawing, cover).drawing)).toEqual(bytesIn(drawing));
  });

  test("that can't take it leaves the pad black, and says why, once; the next one gets it again", () => {
    const drawing = drawingOf(flat);
    const { drawing: black, problem } = retaken(drawing, handwriting);
    expect(problem).toMatch(/^[A-Z].*\.$/);
    expect(black.base).toMatchObject({ shape: [1, 28, 28], bytes: new Uint8Array(784) });
    expect(retaken(black, handwriting)).toEqual({ drawing: black });
    expect(bytesIn(retaken(black, cover).drawing)).toEqual(bytesIn(drawing));
  });

  test("finds what was drawn by hand, or comes from a link, as it was", () => {
    const drawings: Drawing[] = [
      { base: undefined, strokes: [[1, 2]] },
      { base: { kind: "sample", digit: 3, index: 0 }, strokes: [] },
      { base: { kind: "pixels", shape: [1, 2, 2], bytes: new Uint8Array(4) }, strokes: [] },
    ];
    for (const drawing of drawings) expect(retaken(drawing, stretch).drawing).toBe(drawing);
  });
});

test("of the drawings that were before, only those of the picture on the pad keep it", () => {
  const drawing = drawingOf(lines);
  const withStroke = { ...drawing, strokes: [[1, 2]] };
  const before = remembered([], drawing, withStroke);
  expect(before[0]).toBe(drawing);
  const after = remembered(before, withStroke, drawingOf(flat));
  expect(after.map(bytesIn)).toEqual([bytesIn(drawing), bytesIn(drawing)]);
  expect(after.map(({ base }) => base && "opened" in base)).toEqual([false, false]);
  expect(remembered(Array<Drawing>(100).fill(drawing), drawing, drawing)).toHaveLength(100);
});
