import { type Cell, offsetOf } from "../../cell.js";
import { type Colour, encodePng, type Pixels } from "../../formats/png.js";
import { type Content, html, type Markup } from "../../html.js";
import { colourIndex, paletteOf, type Scale } from "../../presentation/colours.js";
import { short } from "../../presentation/numbers.js";
import { type Shape, sizeOf, type Tensor } from "../../tensor.js";

/*
 * Tensors as pictures: each channel a map, a pixel a number. The colours of a map are those of a scale, which its legend
 * shows; on dark paper it has dark colours. Pixels stay sharp at any size, also in print.
 */

/** Numbers in rows: one channel of an image, or a long row of numbers broken into lines. */
export interface Plane {
  readonly height: number;
  readonly width: number;
  /** Row-major; the last line may be shorter than the others. */
  readonly values: ArrayLike<number>;
}

/** A rectangle of cells, set off in a map. */
export interface Mark {
  readonly row: number;
  readonly column: number;
  readonly height: number;
  readonly width: number;
}

/** How wide a map is by default, in CSS pixels. */
const WIDTH = 104;

/** Maps up to this width stand three in a row on a telephone. */
const SMALL = 120;

/** The most cells that a map has on a side; of more, each pixel shows the mean of a block. */
const LARGEST_SIDE = 168;

/** The planes of one image's tensor, whose first dimension may be the batch's: `[1, C, H, W]`, `[1, K]`, `[K]`. */
export function planesOf({ shape, data }: Tensor): Plane[] {
  const [height, width] = sidesOf(shape);
  const size = shape.length >= 3 ? height * width : data.length;
  return Array.from({ length: data.length / size }, (_, k) => ({
    height,
    width,
    values: data.subarray(k * size, (k + 1) * size),
  }));
}

/** Which of the planes a cell lies in. */
export function planeAt({ index }: Cell, { shape }: Tensor): number {
  return index.length < 3 ? 0 : offsetOf(shape.slice(0, -2), index.slice(0, -2));
}

/** The rows and columns in which numbers of this shape are drawn. */
export function sidesOf(shape: Shape): [height: number, width: number] {
  if (shape.length >= 3) return [shape[shape.length - 2], shape[shape.length - 1]];
  const count = sizeOf(shape);
  const width = count <= 16 ? count : Math.ceil(Math.sqrt(2 * count));
  return [Math.ceil(count / width), width];
}

export interface MapOptions {
  /** Under the map. */
  readonly caption?: Content;
  readonly marks?: readonly Mark[];
  /** In CSS pixels, about: cells are whole pixels wide where there is room. */
  readonly width?: number;
  /** What the map is, for who can't see it. */
  readonly name: string;
  /** Sets the whole map off. */
  readonly chosen?: boolean;
  /** `strip`: as high as a line of text, for a single row. */
  readonly look?: "strip";
}

/** A plane as a map. */
export function mapOf(plane: Plane, scale: Scale, options: MapOptions): Markup {
  const { caption, marks = [], width = WIDTH, name, chosen = false, look } = options;
  const pixels = pixelsOf(plane, scale);
  const { light, dark } = paletteOf(scale);
  const lightAddress = pngAddress(pixels, light);
  const darkAddress = light === dark ? undefined : pngAddress(pixels, dark);
  const shown = cellWidth(plane, width) * plane.width;
  const classes = `map${shown <= SMALL ? " small" : ""}${chosen ? " chosen" : ""}${look ? ` ${look}` : ""}`;
  return html`<figure class="${classes}" style="--w:${shown}px"><div class="frame"><picture>${
    darkAddress && html`<source media="(prefers-color-scheme:dark)" srcset="${darkAddress}">`
  }<img src="${lightAddress}" width="${pixels.width}" height="${pixels.height}" alt="${name}"></picture>${marks.map(
    (mark) => markOf(plane, mark),
  )}</div>${caption !== undefined && html`<figcaption>${caption}</figcaption>`}</figure>`;
}

/** Red, green and blue as one picture. @param colours `[3, height, width]`, each 0 to 1 */
export function colourPicture(colours: readonly Plane[], options: MapOptions): Markup {
  const parts = colours.map((plane) => shrunk(plane));
  const [{ height, width }] = parts;
  const data = new Uint8Array(3 * height * width);
  for (let k = 0; k < height * width; k++) {
    for (let c = 0; c < 3; c++)
      data[3 * k + c] = Math.round(255 * Math.max(0, Math.min(1, parts[c].values[k])));
  }
  const { caption, width: wanted = WIDTH, name } = options;
  const shown = cellWidth(colours[0], wanted) * colours[0].width;
  return html`<figure class="map" style="--w:${shown}px"><div class="frame"><img src="${pngAddress({ height, width, data })}" width="${width}" height="${height}" alt="${name}"></div>${
    caption !== undefined && html`<figcaption>${caption}</figcaption>`
  }</figure>`;
}

/** The bar that tells which colour is which value. */
export function legendOf(scale: Scale, what: Content): Markup {
  const { kind, largest } = scale;
  const ends = kind === "diverging" ? [short(-largest), "0", `+${short(largest)}`] : ["0", short(largest)];
  return html`<div class="legend"><span class="what">${what}</span><span class="scale"><i class="${kind}"></i><span class="ends">${ends.map(
    (end) => html`<span>${end}</span>`,
  )}</span></span></div>`;
}

/** Maps in a row that wraps, with their legend. */
export function mapRow(maps: readonly Content[], legend: Content, caption?: Content): Markup {
  return html`<figure class="maps"><div class="row">${maps}</div>${legend}${
    caption !== undefined && html`<figcaption>${caption}</figcaption>`
  }</figure>`;
}

/** Whether a plane is so large that its map shows means of blocks. */
export function isShrunk({ height, width }: Plane): boolean {
  return Math.max(height, width) > LARGEST_SIDE;
}

function cellWidth({ width: cells }: Plane, width: number): number {
  return cells > width ? width / cells : Math.max(1, Math.round(width / cells));
}

function pixelsOf(plane: Plane, scale: Scale): Pixels {
  const { height, width, values } = shrunk(plane);
  const data = new Uint8Array(height * width);
  for (let k = 0; k < values.length; k++) data[k] = colourIndex(scale, values[k]) + 1;
  return { height, width, data };
}

function shrunk(plane: Plane): Plane {
  const step = Math.ceil(Math.max(plane.height, plane.width) / LARGEST_SIDE);
  if (step === 1) return plane;
  const [height, width] = [Math.ceil(plane.height / step), Math.ceil(plane.width / step)];
  const values = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) values[y * width + x] = blockMean(plane, y * step, x * step, step);
  }
  return { height, width, values };
}

function blockMean({ height, width, values }: Plane, row: number, column: number, step: number): number {
  const [bottom, right] = [Math.min(height, row + step), Math.min(width, column + step)];
  let sum = 0;
  let count = 0;
  for (let y = row; y < bottom; y++) {
    for (let x = column; x < right; x++, count++) sum += values[y * width + x] ?? 0;
  }
  return sum / count;
}

function markOf(plane: Plane, mark: Mark): Markup {
  const part = (cells: number, of: number) => `${+((100 * cells) / of).toFixed(3)}%`;
  return html`<i class="mark" style="left:${part(mark.column, plane.width)};top:${part(mark.row, plane.height)};width:${part(mark.width, plane.width)};height:${part(mark.height, plane.height)}"></i>`;
}

/** A picture as an address that holds it whole: `data:image/png;base64,...`. */
export function pngAddress(pixels: Pixels, palette?: readonly Colour[]): string {
  let binary = "";
  for (const byte of encodePng(pixels, palette)) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}
