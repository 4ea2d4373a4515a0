import type { Colour } from "../formats/png.js";
import { largestSize } from "./numbers.js";

/*
 * Values as colours. If none is negative, colours go from that of the paper to a strong one of a single hue; else from blue
 * through paper to orange, two hues that every eye tells apart. Both are equally strong at equal distance from zero, so that
 * strength shows in grey print, too. On light paper strong colours are dark, on dark paper light.
 */

/** Which colours numbers have: grey levels of a picture, one hue for numbers without a sign, two for those with one. */
export type ScaleKind = "grey" | "sequential" | "diverging";

/** From which value to which colours run: 0 to `largest`, or for a diverging scale `-largest` to `largest`. */
export interface Scale {
  readonly kind: ScaleKind;
  /** Above 0. */
  readonly largest: number;
}

/** Colours of a scale from its lowest to its highest value, on light and on dark paper. */
export interface Palette {
  readonly light: readonly Colour[];
  readonly dark: readonly Colour[];
}

/** An odd number of colours: zero has its own in the middle of a diverging scale. */
const COLOURS = 129;

/** One scale for all these values, so that the same colour is the same value everywhere in it. */
export function scaleFor(arrays: readonly ArrayLike<number>[]): Scale {
  const signed = arrays.some(hasNegative);
  return { kind: signed ? "diverging" : "sequential", largest: largestIn(arrays) };
}

function hasNegative(values: ArrayLike<number>): boolean {
  for (let k = 0; k < values.length; k++) if (values[k] < 0) return true;
  return false;
}

/** The same scale for values that have a sign by their nature, as gradients and weights do. */
export function signedScaleFor(arrays: readonly ArrayLike<number>[]): Scale {
  return { kind: "diverging", largest: largestIn(arrays) };
}

const largestIn = (arrays: readonly ArrayLike<number>[]) => Math.max(...arrays.map(largestSize)) || 1;

/** The scale of a picture: black to white, unless there are numbers below black. */
export function greyScaleFor(values: ArrayLike<number>): Scale {
  const scale = scaleFor([values]);
  return scale.kind === "diverging" ? scale : { kind: "grey", largest: Math.max(1, scale.largest) };
}

/**
 * The scale of a tensor's maps: parameters and gradients have a sign by nature, what layers give only if it is ever
 * negative; a picture is grey.
 */
export function scaleOf(name: string, data: ArrayLike<number>): Scale {
  if (name === "x") return greyScaleFor(data);
  const given = name.endsWith(".out") && !name.startsWith("grad.");
  return given ? scaleFor([data]) : signedScaleFor([data]);
}

/** Which colour of the palette a value has. NaN has that of 0. */
export function colourIndex({ kind, largest }: Scale, value: number): number {
  const share = kind === "diverging" ? (value / largest + 1) / 2 : value / largest;
  const zero = kind === "diverging" ? 0.5 : 0;
  return Math.round(Math.max(0, Math.min(1, Number.isNaN(share) ? zero : share)) * (COLOURS - 1));
}

export function paletteOf({ kind }: Scale): Palette {
  return palettes[kind];
}

/** How strongly the cell of a number is tinted: -1 full blue, 0 not at all, 1 full orange or ink. */
export function strength({ largest }: Scale, value: number): number {
  return Number.isFinite(value) ? Math.max(-1, Math.min(1, value / largest)) : 0;
}

/** A CSS gradient with the colours of a scale; `theme` picks the paper. */
export function cssGradient({ kind }: Scale, theme: "light" | "dark"): string {
  return gradientThrough(palettes[kind][theme]);
}

/** A CSS gradient through the colours of a ramp. */
export function gradientThrough(colours: readonly Colour[]): string {
  const stops = Array.from({ length: 9 }, (_, k) => colours[(k * (COLOURS - 1)) / 8]);
  return `linear-gradient(to right,${stops.map(([r, g, b]) => `rgb(${r},${g},${b})`).join(",")})`;
}

const black: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];

const palettes: Record<ScaleKind, Palette> = {
  grey: { light: ramp([black, white]), dark: ramp([black, white]) },
  sequential: {
    light: ramp([
      [244, 246, 245],
      [150, 206, 198],
      [32, 128, 133],
      [8, 45, 64],
    ]),
    dark: ramp([
      [28, 33, 38],
      [24, 92, 98],
      [66, 174, 163],
      [226, 252, 241],
    ]),
  },
  diverging: {
    light: ramp([
      [7, 63, 128],
      [96, 158, 212],
      [246, 246, 244],
      [240, 158, 82],
      [158, 62, 0],
    ]),
    dark: ramp([
      [140, 198, 255],
      [38, 98, 170],
      [28, 33, 38],
      [170, 88, 18],
      [255, 190, 112],
    ]),
  },
};

/** COLOURS colours through these, at equal distances: one for each that `colourIndex` gives. */
export function ramp(stops: readonly Colour[]): Colour[] {
  return Array.from({ length: COLOURS }, (_, k) => {
    const place = (k / (COLOURS - 1)) * (stops.length - 1);
    const from = Math.min(Math.floor(place), stops.length - 2);
    const between = (channel: number) =>
      Math.round(stops[from][channel] + (place - from) * (stops[from + 1][channel] - stops[from][channel]));
    return [between(0), between(1), between(2)];
  });
}
