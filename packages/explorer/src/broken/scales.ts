import { type Scale, signedScaleFor } from "unravel-cnn";
import type { Course } from "./course.js";

/** Weights this many times as large as the right ones would leave nothing to be seen of those. */
const MUCH_LARGER = 4;

/** One scale for the filters of both, at first and now, so that equal colours are equal numbers; two, where that can't be. */
export function filterScales(
  right: Course,
  broken: Course,
): { readonly right: Scale; readonly broken: Scale } {
  const [own, other] = [right, broken].map(({ first, filters }) =>
    signedScaleFor([first.data, filters.data]),
  );
  if (other.largest > MUCH_LARGER * own.largest) return { right: own, broken: other };
  const scale = own.largest > other.largest ? own : other;
  return { right: scale, broken: scale };
}
