import type { Content, Markup } from "../../../html.js";
import { scaleOf } from "../../../presentation/colours.js";
import { mapOf, planesOf } from "../maps.js";
import { type Story, tensorOf } from "../story.js";

/** The kernel of filter `o` for input map `c`, or with the prefix `grad.` or `new.` what belongs to it. */
export function kernelMap(
  story: Story,
  layer: string,
  o: number,
  c: number,
  caption?: Content,
  prefix: "" | "grad." | "new." = "",
): Markup {
  const name = `${prefix}${layer}.weight`;
  const tensor = tensorOf(story, name);
  const plane = planesOf(tensor)[o * tensor.shape[1] + c];
  const options = { name: `${name}, filter ${o}, map ${c}`, caption, width: 44 };
  return mapOf(plane, scaleOf(name, tensor.data), options);
}
