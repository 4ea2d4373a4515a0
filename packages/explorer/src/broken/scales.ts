import { type Scale, scaleFor } from "../view/colours.js";
import type { Course } from "./course.js";

/** Weights this many times as large as the right ones would leave nothing to be seen of those. */
const MUCH_LARGER = 4;

/** One scale for the filters of both, at first and now, so that equal colours are equal numbers; two, where that can't be. */
export function filterScales(
  right: Course,
  broken: Course,
): { readonly right: Scale; readonly broken: Scale } {
  const [own, other] = [right, broken].map(({ first, filters }) =>
    scaleFor([...first.data, ...filters.data], true),
  );
  if (other.most > MUCH_LARGER * own.most) return { right: own, broken: other };
  const scale = own.most > other.most ? own : other;
  return { right: scale, broken: scale };
}
