import type { ImageShape } from "unravel-cnn";
import { type Base, baseImage, type Drawing, PAD } from "./drawing.js";

/** Width of the pen, in the pad's units: about what a digit of MNIST would have. */
const PEN = 20;

/** Draws what is on the pad, `side` pixels wide: what was drawn in the colour of the ink, pictures in their own colours. */
export function drawPad(
  context: CanvasRenderingContext2D,
  { base, strokes }: Drawing,
  side: number,
  ink: string,
): void {
  context.save();
  if (base) context.drawImage(underStrokes(base, side, ink, context.getContextAttributes()), 0, 0);
  context.scale(side / PAD, side / PAD);
  context.strokeStyle = ink;
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

/** What lies under the strokes, enlarged, by its side and ink: of each the last. */
const enlarged = new Map<string, { bytes: Uint8Array; readonly context: CanvasRenderingContext2D }>();

/**
 * What lies under the strokes, `side` pixels wide. It stays while somebody draws: to enlarge it takes longer than all else that is
 * painted for a stroke.
 * @param where of the canvas that it is drawn on: both should be in memory, or both on the graphics card
 */
function underStrokes(
  base: Base,
  side: number,
  ink: string,
  where: CanvasRenderingContext2DSettings,
): HTMLCanvasElement {
  const { shape, bytes } = baseImage(base);
  const isWhole = shape[0] === 3 || (base.kind === "pixels" && base.isWhole === true);
  const key = `${side} ${isWhole ? "" : ink}`;
  const known = enlarged.get(key);
  if (known?.bytes === bytes) return known.context.canvas;
  const context = known?.context ?? contextOf(side, side, where);
  context.clearRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  context.drawImage(isWhole ? pictureCanvas(shape, bytes) : inkCanvas(shape, bytes, ink), 0, 0, side, side);
  enlarged.set(key, { bytes, context });
  return context.canvas;
}

/** Grey bytes as ink on nothing. */
function inkCanvas(shape: ImageShape, bytes: Uint8Array, ink: string): HTMLCanvasElement {
  const context = painted(shape, (pixel, image) => {
    image.data.fill(255, 4 * pixel, 4 * pixel + 3);
    image.data[4 * pixel + 3] = bytes[pixel];
  });
  const { width, height } = context.canvas;
  context.globalCompositeOperation = "source-in";
  context.fillStyle = ink;
  context.fillRect(0, 0, width, height);
  return context.canvas;
}

/** Bytes `[C, H, W]` as they are. */
function pictureCanvas(shape: ImageShape, bytes: Uint8Array): HTMLCanvasElement {
  const [channels, height, width] = shape;
  const plane = width * height;
  return painted(shape, (pixel, image) => {
    for (let c = 0; c < 3; c++) image.data[4 * pixel + c] = bytes[Math.min(c, channels - 1) * plane + pixel];
    image.data[4 * pixel + 3] = 255;
  }).canvas;
}

function painted([, height, width]: ImageShape, paint: (pixel: number, image: ImageData) => void) {
  const context = contextOf(width, height);
  const image = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) paint(pixel, image);
  context.putImageData(image, 0, 0);
  return context;
}

function contextOf(width: number, height: number, settings?: CanvasRenderingContext2DSettings) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext("2d", settings) as CanvasRenderingContext2D;
}
