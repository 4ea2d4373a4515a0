import { colourIndex, gradientThrough, ramp, type Scale, type ScaleKind } from "unravel-cnn";

/*
 * The page's own colours for the library's scales. One scale for what is never negative, from the paper to ink; one for what
 * has a sign, from blue (negative) through the paper to orange (positive). Blue and orange stay apart for all common kinds of
 * colour blindness, and in grey: the blue end is darker than the orange one.
 */

export type Theme = "light" | "dark";
type Ramp = ReturnType<typeof ramp>;

const inks: Record<Theme, Ramp> = {
  light: ramp([
    [247, 246, 243],
    [205, 214, 224],
    [142, 162, 186],
    [77, 101, 134],
    [22, 36, 62],
  ]),
  dark: ramp([
    [20, 22, 26],
    [46, 58, 76],
    [88, 112, 142],
    [152, 178, 205],
    [240, 245, 250],
  ]),
};
const signs: Record<Theme, Ramp> = {
  light: ramp([
    [16, 62, 128],
    [58, 118, 184],
    [150, 188, 222],
    [247, 246, 243],
    [250, 195, 138],
    [235, 137, 50],
    [196, 88, 8],
  ]),
  dark: ramp([
    [120, 186, 250],
    [58, 126, 204],
    [34, 68, 112],
    [24, 26, 30],
    [122, 70, 24],
    [222, 132, 44],
    [255, 204, 138],
  ]),
};

const rampOf = (kind: ScaleKind, theme: Theme): Ramp => (kind === "diverging" ? signs : inks)[theme];

/** The colours as a canvas stores them: alpha, blue, green, red. */
const tables = new Map<Ramp, Uint32Array>();

function tableOf(colours: Ramp): Uint32Array {
  const known = tables.get(colours);
  if (known) return known;
  const table = Uint32Array.from(
    colours,
    ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0,
  );
  tables.set(colours, table);
  return table;
}

/**
 * Paints numbers as pixels, `[rows, columns]`; cells that there aren't are transparent.
 * @param image of that size, to paint in; default: a new one
 */
export function paint(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  scale: Scale,
  theme: Theme,
  image = new ImageData(columns, rows),
): ImageData {
  const pixels = new Uint32Array(image.data.buffer);
  const table = tableOf(rampOf(scale.kind, theme));
  for (let k = 0; k < values.length; k++) pixels[k] = table[colourIndex(scale, values[k])];
  pixels.fill(0, values.length);
  return image;
}

const colourAt = (value: number, scale: Scale, theme: Theme) =>
  rampOf(scale.kind, theme)[colourIndex(scale, value)];

/** One value's colour, for CSS. */
export function colourOf(value: number, scale: Scale, theme: Theme): string {
  return `rgb(${colourAt(value, scale, theme).join(" ")})`;
}

/** Whether a text on this value's colour must be light: whichever contrasts more (WCAG's relative luminance). */
export function isDark(value: number, scale: Scale, theme: Theme): boolean {
  const [red, green, blue] = colourAt(value, scale, theme).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179;
}

/** The whole scale from left to right, for CSS. */
export const gradientOf = (kind: ScaleKind, theme: Theme): string => gradientThrough(rampOf(kind, theme));
