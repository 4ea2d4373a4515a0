import {
  digitPen,
  type ImageShape,
  inputFromPicture,
  type Model,
  normalizeDigit,
  type Picture,
  readsHandwriting,
  sizeOf,
  type Tensor,
} from "unravel-cnn";
import type { Opened } from "./openedPicture.js";

/** Side of the drawing pad in its own units; points are whole numbers, so that a link carries them exactly. */
export const PAD = 256;
/** Width of the pen, in the pad's units: about what a digit of MNIST would have. */
const PEN = 20;
/** Side of the picture that the pad's strokes become, in pixels. */
const RASTER = 128;

/** A line of the pen: x, y, x, y, ... */
export type Stroke = readonly number[];

/** What lies on the pad under the strokes. */
export type Base =
  | { readonly kind: "sample"; readonly digit: number; readonly index: number }
  /** Just what a network took: bytes `[C, H, W]`; `opened`, where they were made from a file. */
  | {
      readonly kind: "pixels";
      readonly shape: ImageShape;
      readonly bytes: Uint8Array;
      readonly opened?: Opened;
      /** A whole picture, which isn't read as ink: where it is bright, it is bright. */
      readonly isWhole?: boolean;
      /** What a camera saw: no link carries it. */
      readonly isLive?: boolean;
    };

export interface Drawing {
  readonly base: Base | undefined;
  readonly strokes: readonly Stroke[];
}

export const emptyDrawing: Drawing = { base: undefined, strokes: [] };

/** What lies on the pad at the start. */
export const firstDrawing: Drawing = { base: { kind: "sample", digit: 3, index: 0 }, strokes: [] };

export const isEmpty = ({ base, strokes }: Drawing) => base === undefined && strokes.length === 0;

/** Whether the empty pad is shown: a blank picture is none of the classes, and the network's numbers for it are no answer. */
export const isBlank = (shown: {
  readonly drawing: Drawing;
  readonly batch: unknown;
  readonly image: number;
}) => shown.batch === undefined && shown.image === 0 && isEmpty(shown.drawing);

const pen = digitPen(0, "test");
const drawn = new Map<string, Uint8Array>();

/** A digit of the shelf, drawn by the program: bytes `[28, 28]`. */
export function sampleBytes(digit: number, index: number): Uint8Array {
  const key = `${digit} ${index}`;
  const bytes = drawn.get(key) ?? pen.draw(digit, index);
  drawn.set(key, bytes);
  return bytes;
}

/** The bytes under the strokes and their shape. */
export function baseImage(base: Base): { readonly shape: ImageShape; readonly bytes: Uint8Array } {
  return base.kind === "pixels" ? base : { shape: [1, 28, 28], bytes: sampleBytes(base.digit, base.index) };
}

/** What a network sees of a drawing: bytes `[C, H, W]`. */
export function bytesOf(drawing: Drawing, model: Model): Uint8Array {
  const { base, strokes } = drawing;
  const isPaper = takesPaper(model) && base?.kind !== "pixels";
  if (strokes.length > 0 || isPaper) return bytesOfPad(drawing, model);
  if (base === undefined) return new Uint8Array(sizeOf(model.inputShape));
  const { shape, bytes } = baseImage(base);
  const fits = shape.every((size, axis) => size === model.inputShape[axis]);
  return fits ? bytes : inputFromPicture(model, pictureOf(shape, bytes));
}

/** Networks that were trained on whole pictures see the pad as a sheet of paper, as a page that was exported shows it to them. */
const takesPaper = ({ pictures }: Model) => pictures !== undefined;

function bytesOfPad(drawing: Drawing, model: Model): Uint8Array {
  const { base } = drawing;
  if (takesPaper(model)) return inputFromPicture(model, onPaper(drawing));
  const raster = rasterOf(drawing, "black", "white");
  const hasColours = base?.kind === "pixels" && base.shape[0] === 3;
  if (hasColours && !readsHandwriting(model)) return inputFromPicture(model, raster);
  const grey = new Uint8Array(RASTER * RASTER);
  for (let k = 0; k < grey.length; k++) grey[k] = raster.data[4 * k];
  if (readsHandwriting(model)) return normalizeDigit(grey, RASTER, RASTER);
  return inputFromPicture(model, { width: RASTER, height: RASTER, channels: 1, depth: 8, data: grey });
}

/** Bytes `[C, H, W]` as a picture, `[H, W, C]`. */
function pictureOf([channels, height, width]: ImageShape, bytes: Uint8Array): Picture {
  const data = Uint8Array.from(
    bytes,
    (_, k) => bytes[(k % channels) * height * width + Math.floor(k / channels)],
  );
  return { width, height, channels: channels as 1 | 3, depth: 8, data };
}

let raster: CanvasRenderingContext2D | undefined;

/** The pad as a picture of dark ink on white paper. */
export const onPaper = (drawing: Drawing): ImageData => rasterOf(drawing, "white", "#111");

/** The pad as a picture of RASTER x RASTER. */
function rasterOf(drawing: Drawing, paper: string, ink: string): ImageData {
  if (!raster) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = RASTER;
    raster = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  }
  raster.fillStyle = paper;
  raster.fillRect(0, 0, RASTER, RASTER);
  drawPad(raster, drawing, RASTER, ink);
  return raster.getImageData(0, 0, RASTER, RASTER);
}

/** Draws what is on the pad, `side` pixels wide: what was drawn in the colour of the ink, pictures in their own colours. */
export function drawPad(
  context: CanvasRenderingContext2D,
  { base, strokes }: Drawing,
  side: number,
  ink: string,
): void {
  context.save();
  if (base) {
    const { shape, bytes } = baseImage(base);
    context.imageSmoothingQuality = "high";
    const isWhole = shape[0] === 3 || (base.kind === "pixels" && base.isWhole === true);
    context.drawImage(isWhole ? pictureCanvas(shape, bytes) : inkCanvas(shape, bytes, ink), 0, 0, side, side);
  }
  context.scale(side / PAD, side / PAD);
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = PEN;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(stroke[0], stroke[1]);
    // a dot is a line to where it began
    for (let k = stroke.length > 2 ? 2 : 0; k < stroke.length; k += 2)
      context.lineTo(stroke[k], stroke[k + 1]);
    context.stroke();
  }
  context.restore();
}

/** What was made of bytes last, for each ink: while somebody draws, what lies under the strokes stays. */
const inked = new Map<string, { readonly bytes: Uint8Array; readonly canvas: HTMLCanvasElement }>();

/** Grey bytes as ink on nothing. */
function inkCanvas(shape: ImageShape, bytes: Uint8Array, ink: string): HTMLCanvasElement {
  const known = inked.get(ink);
  if (known?.bytes === bytes) return known.canvas;
  const { canvas, context } = canvasOf(shape, (pixel, image) => {
    image.data.fill(255, 4 * pixel, 4 * pixel + 3);
    image.data[4 * pixel + 3] = bytes[pixel];
  });
  context.globalCompositeOperation = "source-in";
  context.fillStyle = ink;
  context.fillRect(0, 0, canvas.width, canvas.height);
  inked.set(ink, { bytes, canvas });
  return canvas;
}

/** Bytes `[C, H, W]` as they are. */
function pictureCanvas(shape: ImageShape, bytes: Uint8Array): HTMLCanvasElement {
  const [channels, height, width] = shape;
  const plane = width * height;
  return canvasOf(shape, (pixel, image) => {
    for (let c = 0; c < 3; c++) image.data[4 * pixel + c] = bytes[Math.min(c, channels - 1) * plane + pixel];
    image.data[4 * pixel + 3] = 255;
  }).canvas;
}

function canvasOf([, height, width]: ImageShape, paint: (pixel: number, image: ImageData) => void) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const image = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) paint(pixel, image);
  context.putImageData(image, 0, 0);
  return { canvas, context };
}

/** The first image of a batch `[N, C, H, W]`, as bytes. */
export function pixelsOf({ inputShape, pictures, normalize: { mean, std } }: Model, x: Tensor): Base {
  const plane = inputShape[1] * inputShape[2];
  const bytes = Uint8Array.from({ length: sizeOf(inputShape) }, (_, k) => {
    const channel = Math.floor(k / plane);
    return Math.max(0, Math.min(255, Math.round((x.data[k] * std[channel] + mean[channel]) * 255)));
  });
  return { kind: "pixels", shape: inputShape, bytes, isWhole: pictures !== undefined };
}
