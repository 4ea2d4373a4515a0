import {
  type ImageShape,
  inputFromPicture,
  type Model,
  normalizeDigit,
  type Picture,
  readsHandwriting,
  sizeOf,
} from "unravel-cnn";
import { baseImage, type Drawing } from "./drawing.js";
import { drawPad } from "./padPainting.js";

/** Side of the picture that the pad becomes, in pixels. */
const RASTER = 128;

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
