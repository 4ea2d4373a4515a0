import { multiplyAddsIn } from "../ir/multiplyAdds.js";
import type { Plan } from "./plan.js";

/** What each kernel of a training step computes, forward and backward, for a block of images. */
export function computedInBlock({ forward, backward, batch }: Plan): Map<string, number> {
  return new Map([
    ...[...forward, ...backward].map((nest): [string, number] => [nest.name, multiplyAddsIn(nest.body)]),
    ...batch.map(({ kernel, chunks }): [string, number] => [
      kernel.name,
      chunks * multiplyAddsIn(kernel.body),
    ]),
  ]);
}
