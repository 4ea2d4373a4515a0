import { InputError } from "../errors.js";
import { known } from "../known.js";
import { withoutLines } from "./ink/erase.js";
import { foreignIn } from "./ink/foreign.js";
import { flatLook, type Look, look, type Region } from "./ink/look.js";
import { piecesOf, withoutSpots } from "./ink/pieces.js";
import { atLeast, boxOf, count, heightOf, type Mask, type Plane, widthOf } from "./ink/plane.js";
import { rulingsIn } from "./ink/rulings.js";
import { charactersIn } from "./ink/several.js";
import { sheetIn } from "./ink/sheet.js";
import { strokeWidth, thickened } from "./ink/stroke.js";
import { type Colours, coloursOf, type Picture, type PixelData, pictureOf } from "./picture.js";

/*
 * What is drawn in a picture. The paper is what the border shows; the ink is what differs from the paper, in the direction
 * (of colour) in which most of it differs. So dark ink on light paper, light ink on dark paper, and red ink on green paper
 * are one case, and nobody has to say which it is. What turns out to be something else (a desk around the sheet, lines, a
 * frame) is left out, and the rest is looked at again.
 */

/** Ink on paper: 0 is paper, 1 is full ink. `[height, width]` */
export type Ink = Plane;

/** A digit's ink, cut out, and how it came out of the picture. */
export interface DigitInk {
  readonly ink: Ink;
  /** What was done besides telling ink from paper, a sentence each. */
  readonly done: readonly string[];
  /** Why this may be no digit, or not all of one: a sentence each. */
  readonly doubts: readonly string[];
}

/** Pictures are averaged down until their longer side has at most so many pixels: cheaper, and less noise. */
const LONGEST_SIDE = 1024;

/**
 * The edge of a stroke. Where a picture was made larger or is out of focus, ink fades out over some pixels, and the edge is
 * where it is half; a little less, so that little is lost of small pictures, where one pixel can be all of a stroke's width.
 */
const EDGE = 0.4;

/** Pictures with a shorter side below hold no sheet, line or frame that could be told from a stroke. */
const SMALLEST_SIDE = 48;

/** What was hidden by one thing that is no part of the digit may be another. */
const MOST_ROUNDS = 3;

/** What is wider, compared with its height, is hardly one digit. */
const WIDEST = 1.6;

/**
 * Finds the ink of a drawing, a scan or a photo. What is transparent is paper.
 * @returns in the picture's size, or, of large ones, in a size with at most 1,024 pixels a side
 * @throws InputError if the picture is broken, or there is nothing drawn in it
 */
export function inkOf(given: Picture | PixelData): Ink {
  return drawnIn(given).ink;
}

/**
 * The part of the picture that the strokes reach, up to their edges; strokes thinner than any in MNIST are made wider.
 * @throws as `inkOf`; InputError if several characters stand in it
 */
export function digitInkOf(picture: Picture | PixelData): DigitInk {
  const { ink, done } = drawnIn(picture);
  const characters = charactersIn(ink);
  if (characters > 1) {
    throw new InputError(
      `${characters} characters seem to be in the picture, but the network reads one at a time; cut them apart, one in each picture.`,
    );
  }
  const thin = cutOut(ink);
  const { width, height } = thin;
  const wide = thickened(thin, EDGE);
  const doubts =
    width > WIDEST * height
      ? ["what is drawn is much wider than a digit: there may be several, or something else"]
      : [];
  const wider = wide === thin ? [] : [`strokes of ${strokeWidth(thin).toFixed(1)} pixels were made wider`];
  return { ink: wide, done: [...done, ...wider], doubts };
}

/**
 * As `digitInkOf` of a drawing on paper that is clean and evenly lit: the same ink if no sheet, lines, frame or shadows are in
 * the picture, which are not looked for, and one character, which isn't counted. It takes a third of the code.
 * @param picture one that was checked
 * @returns undefined if there is nothing drawn in it
 */
export function cleanInkOf(picture: Picture): Ink | undefined {
  const ink = onBackgrounds(picture, cleanDrawing);
  return ink && thickened(cutOut(ink), EDGE);
}

function cleanDrawing(colours: Colours): Ink | undefined {
  const mask = new Uint8Array(colours.width * colours.height).fill(1);
  const seen = flatLook(colours, { mask, whole: true })?.look;
  const ink = seen && withoutSpots(seen.ink);
  return ink && count(atLeast(ink, EDGE)) > 0 ? ink : undefined;
}

/** The part of the picture that the strokes reach, up to their edges. */
function cutOut(ink: Ink): Ink {
  const box = known(boxOf(atLeast(ink, EDGE), ink.width));
  const cropped = new Float32Array(widthOf(box) * heightOf(box));
  for (let y = box.top; y < box.bottom; y++) {
    const row = ink.data.subarray(y * ink.width + box.left, y * ink.width + box.right);
    cropped.set(row, (y - box.top) * widthOf(box));
  }
  return { width: widthOf(box), height: heightOf(box), data: cropped };
}

function drawnIn(given: Picture | PixelData): { ink: Ink; done: string[] } {
  const found = onBackgrounds(pictureOf(given), drawnAmong);
  if (found === undefined)
    throw new InputError("Nothing is drawn in the picture: all of it looks like its border.");
  return found;
}

/** What `find` sees in a picture, on white paper or, where the picture is transparent, else on black; undefined: nothing. */
function onBackgrounds<Found>(
  picture: Picture,
  find: (colours: Colours) => Found | undefined,
): Found | undefined {
  const step = Math.ceil(Math.max(picture.width, picture.height) / LONGEST_SIDE);
  // White ink on a transparent background can't be seen on white.
  const backgrounds = picture.channels % 2 === 0 ? [255, 0] : [255];
  for (const background of backgrounds) {
    const found = find(coloursOf(picture, background, step));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Everything that a picture shows, less what turns out not to be drawn. */
function drawnAmong(colours: Colours): { ink: Ink; done: string[] } | undefined {
  const { width, height } = colours;
  const everything: Region = { mask: new Uint8Array(width * height).fill(1), whole: true };
  const nothing = new Uint8Array(width * height);
  const first = look(colours, everything, nothing);
  if (first === undefined) return undefined;
  if (Math.min(width, height) < SMALLEST_SIDE) return { ink: withoutSpots(first.ink), done: [] };
  const onSheet = lookAtSheet(colours, first, everything);
  return drawnOn(
    colours,
    onSheet?.sight ?? first,
    onSheet?.region ?? everything,
    onSheet ? ["only the sheet in the picture was looked at"] : [],
  );
}

/** A sheet within what is looked at, and a sheet within that (a frame may lie on a desk), if something is drawn there. */
function lookAtSheet(
  colours: Colours,
  outer: Look,
  region: Region,
  depth = 0,
): { sight: Look; region: Region } | undefined {
  const sheet = depth < 3 ? sheetIn(outer.ink, Math.max(outer.least, 0.25), region.mask) : undefined;
  if (sheet === undefined) return undefined;
  const inner = { mask: sheet, whole: false };
  const sight = look(colours, inner, new Uint8Array(sheet.length));
  if (sight === undefined || !hasStrokes(sight.ink, sheet)) return undefined;
  return lookAtSheet(colours, sight, inner, depth + 1) ?? { sight, region: inner };
}

/** Whether something that is large enough stands on a sheet. */
function hasStrokes(ink: Ink, sheet: Uint8Array): boolean {
  const box = boxOf(sheet, ink.width);
  const least = 0.08 * (box ? Math.min(widthOf(box), heightOf(box)) : Infinity);
  return piecesOf(ink, atLeast(ink, EDGE)).some(
    (piece) => Math.max(widthOf(piece), heightOf(piece)) >= least,
  );
}

/** The ink on a sheet: without lines, and without what is no part of the digit. */
function drawnOn(
  colours: Colours,
  first: Look,
  region: Region,
  before: readonly string[],
): { ink: Ink; done: string[] } | undefined {
  const done = [...before];
  let sight = first;
  let ink = first.ink;
  let ignored: Mask = new Uint8Array(ink.data.length);
  const lines = rulingsIn(ink, region.mask);
  // What is left is looked at again without what was found to be something else: the ink's own colour is seen then.
  const lookAgain = (without: Mask) => {
    ignored = ignored.map((value, k) => value | without[k]);
    sight = look(colours, region, ignored) ?? sight;
    ink = withoutLines(sight.ink, lines).ink;
  };
  if (lines.length > 0) {
    lookAgain(withoutLines(ink, lines).taken);
    done.push(lines.length === 1 ? "a line was taken out" : `${lines.length} lines were taken out`);
  }
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const foreign = foreignIn(ink, region.mask);
    if (foreign === undefined) break;
    lookAgain(foreign);
    if (round === 0) done.push("what comes in from the border, or goes around the rest, was left out");
  }
  if (sight.evened) done.push("the light was evened out");
  ink = withoutSpots(ink);
  return count(atLeast(ink, EDGE)) === 0 ? undefined : { ink, done };
}
