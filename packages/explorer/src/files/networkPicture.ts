import { cellAddress, FailureError, sizeOf } from "unravel-cnn";
import type { Explorer } from "../state/explorer.svelte.js";
import { colourOf, paint } from "../view/colours.js";
import { MOST_LINES } from "../view/grids.js";
import { lieOf } from "../view/layout.js";
import { PAGE } from "../view/network.js";
import { areShares, brief, percent, short } from "../view/numbers.js";
import { arcOf, roomFor, skipsOf } from "../view/skips.js";

/*
 * The network as it is shown, as one SVG picture: for slides and worksheets.
 */

const MAP = 78;
const GAP = 10;
const HEAD = 84;
const MARGIN = 32;
const LINE = 22;
const UNITS = 150;

const escaped = (text: string) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** The SVG, in the colours of the page. */
export function networkPicture(explorer: Explorer): string {
  const { model } = explorer.network;
  const ink = explorer.theme === "dark" ? "#edecea" : "#1c1b19";
  const quiet = explorer.theme === "dark" ? "#aaa7a1" : "#5b5750";
  const paper = explorer.theme === "dark" ? "#131416" : "#ffffff";
  const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  const prefix = explorer.pass === "backward" ? "grad." : "";
  const parts: string[] = [];
  const skips = skipsOf(model);
  const start = MARGIN + roomFor(skips);
  /** Where columns begin, by their layers' names. */
  const lefts = new Map<string, number>();
  let x = MARGIN;
  let height = 0;

  const text = (left: number, top: number, words: string, style = "") =>
    parts.push(`<text x="${left}" y="${top}" ${style}>${escaped(words)}</text>`);

  function head(title: string, about: string, tensor: string | undefined): void {
    lefts.set(title, x);
    text(x, start + 14, title, 'font-weight="600"');
    text(x, start + 32, about, `fill="${quiet}" font-size="12"`);
    if (tensor === undefined || explorer.scaling === "map") return;
    const { kind, largest } = explorer.scaleOf(tensor);
    text(
      x,
      start + 50,
      `${kind === "diverging" ? "±" : "0 to "}${brief(largest)}`,
      `fill="${quiet}" font-size="12"`,
    );
  }

  function map(tensor: string, plane: number, left: number, top: number, side: number): void {
    const { rows, columns } = explorer.gridOf(tensor);
    const cell = side / Math.max(rows, columns);
    const image = paint(
      explorer.planeOf(tensor, plane),
      rows,
      columns,
      explorer.scaleOf(tensor, plane),
      explorer.theme,
    );
    parts.push(
      `<image x="${left}" y="${top}" width="${columns * cell}" height="${rows * cell}" preserveAspectRatio="none" style="image-rendering:pixelated" href="${addressOf(image)}"/>`,
      `<rect x="${left}" y="${top}" width="${columns * cell}" height="${rows * cell}" fill="none" stroke="${quiet}" stroke-opacity="0.35"/>`,
    );
    const { selected } = explorer;
    if (selected.tensor !== tensor) return;
    const place = explorer.placeOf(selected);
    if (place.plane !== plane) return;
    parts.push(
      `<rect x="${left + place.column * cell - 1}" y="${top + place.row * cell - 1}" width="${cell + 2}" height="${cell + 2}" fill="none" stroke="${accent}" stroke-width="2"/>`,
    );
  }

  function units(tensor: string, names: readonly string[] | undefined, shares: boolean): void {
    const values = explorer.planeOf(tensor, 0);
    const scale = explorer.scaleOf(tensor);
    const top = start + HEAD;
    for (const [k, value] of values.entries()) {
      const y = top + k * LINE;
      const most = shares ? 1 : scale.largest;
      const length = Math.min(1, Math.abs(value) / most) * (scale.kind === "diverging" ? 27 : 54);
      const zero = x + 20 + (scale.kind === "diverging" ? 27 : 0);
      text(x, y + 14, names?.[k] ?? String(k), 'font-size="13"');
      parts.push(
        `<rect x="${value < 0 ? zero - length : zero}" y="${y + 4}" width="${length}" height="10" fill="${colourOf(value, scale, explorer.theme)}" stroke="${quiet}" stroke-opacity="0.5"/>`,
      );
      text(x + UNITS - 4, y + 14, shares ? percent(value) : short(value), 'font-size="13" text-anchor="end"');
    }
    height = Math.max(height, values.length * LINE);
  }

  const input = `${prefix}x`;
  head("x", model.inputShape.join("×"), input);
  for (let channel = 0; channel < explorer.gridOf(input).planes; channel++) {
    map(input, channel, x, start + HEAD + channel * (2 * MAP + GAP), 2 * MAP);
  }
  height = 2 * MAP;
  x += 2 * MAP + 3 * GAP;

  for (const layer of model.layers) {
    const tensor = `${prefix}${layer.name}.out`;
    head(layer.name, layer.outputShape.join("×"), tensor);
    if (lieOf(model, layer.output)?.space) {
      const { planes } = explorer.gridOf(tensor);
      const first = explorer.firstOf(layer.output, planes);
      const shown = Math.min(PAGE, planes - first);
      for (let row = 0; row < shown; row++)
        map(tensor, first + row, x, start + HEAD + row * (MAP + GAP), MAP);
      height = Math.max(height, shown * (MAP + GAP));
      x += MAP + 3 * GAP;
    } else if (sizeOf(layer.outputShape) <= MOST_LINES) {
      units(tensor, layer.output === model.output ? model.classes : undefined, false);
      x += UNITS + 3 * GAP;
    } else {
      map(tensor, 0, x, start + HEAD, 2 * MAP);
      x += 2 * MAP + 3 * GAP;
    }
  }
  if (prefix === "" && model.classes.length <= MOST_LINES) {
    head("probs", explorer.network.model.loss.words.kind, undefined);
    units("probs", model.classes, areShares(model));
    x += UNITS + 3 * GAP;
  }
  for (const skip of skips) {
    const [from, to] = [skip.from, skip.to].map((name) => lefts.get(name) ?? 0);
    const path = arcOf(skip, from, to, start - 4, explorer.pass === "backward");
    parts.push(`<path d="${path}" fill="none" stroke="${quiet}" stroke-width="1.5"/>`);
  }
  const width = x + MARGIN - 3 * GAP;
  const bottom = start + HEAD + height + 3 * GAP;
  text(
    MARGIN,
    bottom,
    `${explorer.network.title}, ${explorer.pass}. ${cellAddress(explorer.selected)} = ${short(explorer.explanation.value)}. Loss ${short(explorer.trace.loss)}.`,
    `fill="${quiet}" font-size="13"`,
  );
  const total = bottom + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" font-family="'Source Sans 3', 'Helvetica Neue', Arial, sans-serif" font-size="15" fill="${ink}"><rect width="100%" height="100%" fill="${paper}"/>${parts.join("")}</svg>\n`;
}

/** Pixels as a PNG within the SVG. */
function addressOf(image: ImageData): string {
  const canvas = document.createElement("canvas");
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas.toDataURL();
}

/**
 * The SVG as a PNG, twice as fine.
 * @throws FailureError if the browser can't draw it
 */
export async function pngOf(svg: string): Promise<Blob> {
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * 2;
    canvas.height = image.naturalHeight * 2;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve));
    if (!blob) throw new Error();
    return blob;
  } catch {
    throw new FailureError("The picture could not be drawn; save it as SVG.");
  } finally {
    URL.revokeObjectURL(address);
  }
}
