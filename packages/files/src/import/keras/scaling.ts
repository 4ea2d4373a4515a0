import { PLACES } from "../curves.js";
import type { Given, Row } from "./given.js";
import { told } from "./json.js";
import type { Value } from "./network.js";

/* Layers that scale: at the start they say what becomes of pixels. */

/** At the start it says what becomes of pixels; inside it may be a step of a function, or of padding that isn't zero. */
const rescaling: Row = {
  takes: ["pad", "frame", "curve"],
  read(given, input) {
    if (!input.raw) return rescaledInside(given, input);
    const [channels] = input.shape;
    const [scale, offset] = [given.numbers("scale", channels, 1), given.numbers("offset", channels, 0)];
    const before = given.network.scaling;
    given.network.scaling = {
      white: before?.white ?? 255,
      scale: scale.map((one, c) => one * (before?.scale[c] ?? 1)),
      offset: offset.map((one, c) => one + scale[c] * (before?.offset[c] ?? 0)),
    };
    return input;
  },
};

function rescaledInside(given: Given, input: Value): Value {
  const [scale, offset] = [given.number("scale", 1), given.number("offset", 0)];
  const of = (value: number) => scale * value + offset;
  const { frame, pad, curve, ...base } = input;
  if (frame) return { ...input, frame: { inside: of(frame.inside), around: of(frame.around) } };
  if (pad?.some((side) => side > 0))
    return given.fail(
      "zeros were put around its input, which can only be taken before a convolution or a pool",
    );
  // whatever goes in, the same comes out
  if (scale === 0) return { ...base, nonNegative: false, frame: { inside: offset, around: 0 } };
  return { ...base, nonNegative: false, curve: (curve ?? PLACES).map(of) };
}

/** No deviation of numbers from 0 to 1 is larger. */
const WIDEST = 0.5;

/** Keras divides by no smaller deviation. */
const SMALLEST = 1e-7;

/**
 * Less the mean, divided by the deviation, which were given or measured on images (`adapt`). They tell what these were, if no layer
 * before it scales: numbers from 0 to 1, or from 0 to 255.
 */
const normalization: Row = {
  read(given, input) {
    if (!input.raw) return given.fail("it can only be taken at the start, on the pixels");
    given.channelAxis("axis", input.shape.length);
    given.only("invert", false);
    const [mean, variance] = statisticsOf(given, input.shape[0]);
    if (variance.some((one) => !(one >= 0)))
      return given.fail(`its variance is ${told(variance)}, but none is below 0`);
    const std = variance.map((one) => Math.max(Math.sqrt(one), SMALLEST));
    const isSmall = std.every((one) => one <= WIDEST) && mean.every((one) => one >= 0 && one <= 1);
    const before = given.network.scaling ?? {
      white: isSmall ? 1 : 255,
      scale: mean.map(() => 1),
      offset: mean.map(() => 0),
    };
    given.network.scaling = {
      white: before.white,
      scale: before.scale.map((one, c) => one / std[c]),
      offset: before.offset.map((one, c) => (one - mean[c]) / std[c]),
    };
    return input;
  },
};

function statisticsOf(given: Given, channels: number): number[][] {
  const keys = ["mean", "variance"];
  if (keys.every((key) => given.option(key) === undefined))
    return given
      .weights(...keys.map((key) => ({ names: [key], shape: [channels] })))
      .map(({ values }) => [...values.data]);
  return keys.map((key) => given.numbers(key, channels));
}

export const scalingRows: Readonly<Record<string, Row>> = {
  Rescaling: rescaling,
  Normalization: normalization,
};
