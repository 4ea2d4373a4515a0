import { multiplyAddsIn } from "../ir/multiplyAdds.js";
import type { Plan } from "./plan.js";
import { kernelsOf } from "./stages.js";

/** What each kernel of a training step computes, forward and backward, for a block of images. */
export function computedInBlock(plan: Plan): Map<string, number> {
  return new Map(
    kernelsOf(plan)
      .filter(({ phase }) => phase !== "prepare" && phase !== "update")
      .map(({ kernel, chunk }) => [kernel.name, (chunk?.chunks ?? 1) * multiplyAddsIn(kernel.body)]),
  );
}
