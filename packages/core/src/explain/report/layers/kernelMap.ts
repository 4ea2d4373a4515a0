import type { Content, Markup } from "../../../html.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import { scaleOf } from "../../../presentation/colours.js";
import { letter, operator } from "../../../presentation/mathml.js";
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

/** The map that lies under weight c of a filter. */
export const channelUnder = ({ groups }: Conv2d): Content =>
  groups === 1 ? letter("c") : [letter("f"), operator("+"), letter("c")];
