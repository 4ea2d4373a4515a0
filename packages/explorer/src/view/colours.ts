/*
 * Values as colours. One scale for what is never negative, from the paper to ink; one for what has a sign, from blue
 * (negative) through the paper to orange (positive). Blue and orange stay apart for all common kinds of colour blindness,
 * and in grey: the blue end is darker than the orange one.
 */

export type Theme = "light" | "dark";
export type ScaleKind = "sequential" | "diverging";

/** From what to what a scale goes; a diverging one has 0 in its middle. */
export interface Scale {
  readonly kind: ScaleKind;
  /** The value of the strongest colour: for diverging scales of both, with either sign. */
  readonly most: number;
}

type Rgb = readonly [number, number, number];

const stops: Record<Theme, Record<ScaleKind, readonly Rgb[]>> = {
  light: {
    sequential: [
      [247, 246, 243],
      [205, 214, 224],
      [142, 162, 186],
      [77, 101, 134],
      [22, 36, 62],
    ],
    diverging: [
      [16, 62, 128],
      [58, 118, 184],
      [150, 188, 222],
      [247, 246, 243],
      [250, 195, 138],
      [235, 137, 50],
      [196, 88, 8],
    ],
  },
  dark: {
    sequential: [
      [20, 22, 26],
      [46, 58, 76],
      [88, 112, 142],
      [152, 178, 205],
      [240, 245, 250],
    ],
    diverging: [
      [120, 186, 250],
      [58, 126, 204],
      [34, 68, 112],
      [24, 26, 30],
      [122, 70, 24],
      [222, 132, 44],
      [255, 204, 138],
    ],
  },
};

const STEPS = 512;
const tables = new Map<string, Uint32Array>();

/** Colours as a canvas stores them (alpha, blue, green, red), from the lowest value to the highest. */
function tableOf(theme: Theme, kind: ScaleKind): Uint32Array {
  const key = `${theme} ${kind}`;
  let table = tables.get(key);
  if (!table) {
    table = Uint32Array.from({ length: STEPS + 1 }, (_, step) => {
      const [red, green, blue] = between(stops[theme][kind], step / STEPS);
      return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
    });
    tables.set(key, table);
  }
  return table;
}

function between(colours: readonly Rgb[], share: number): Rgb {
  const at = share * (colours.length - 1);
  const first = Math.min(Math.floor(at), colours.length - 2);
  const mix = (channel: 0 | 1 | 2) =>
    Math.round(
      colours[first][channel] + (at - first) * (colours[first + 1][channel] - colours[first][channel]),
    );
  return [mix(0), mix(1), mix(2)];
}

/** Where on its scale a value lies, 0 to 1. What is not a number lies at the start. */
function shareOf(value: number, { kind, most }: Scale): number {
  const share = kind === "diverging" ? (value / most + 1) / 2 : value / most;
  return share > 0 ? (share < 1 ? share : 1) : 0;
}

/** Paints numbers as pixels, `[rows, columns]`; cells that there aren't stay transparent. */
export function paint(
  values: ArrayLike<number>,
  rows: number,
  columns: number,
  scale: Scale,
  theme: Theme,
): ImageData {
  const image = new ImageData(columns, rows);
  const pixels = new Uint32Array(image.data.buffer);
  const table = tableOf(theme, scale.kind);
  for (let k = 0; k < values.length; k++) pixels[k] = table[Math.round(shareOf(values[k], scale) * STEPS)];
  return image;
}

/** One value's colour, for CSS. */
export function colourOf(value: number, scale: Scale, theme: Theme): string {
  return `rgb(${between(stops[theme][scale.kind], shareOf(value, scale)).join(" ")})`;
}

/** Whether a text on this value's colour must be light: whichever contrasts more (WCAG's relative luminance). */
export function isDark(value: number, scale: Scale, theme: Theme): boolean {
  const [red, green, blue] = between(stops[theme][scale.kind], shareOf(value, scale)).map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.179;
}

/** The whole scale from left to right, for CSS. */
export function gradientOf(kind: ScaleKind, theme: Theme): string {
  return `linear-gradient(to right, ${stops[theme][kind].map((colour) => `rgb(${colour.join(" ")})`).join(", ")})`;
}

/** The scale that holds all of these numbers: diverging where one is negative, or might be. */
export function scaleFor(values: ArrayLike<number>, signed: boolean): Scale {
  let most = 0;
  for (let k = 0; k < values.length; k++) {
    const size = Math.abs(values[k]);
    if (size > most && size < Infinity) most = size;
  }
  return { kind: signed ? "diverging" : "sequential", most: most || 1 };
}
