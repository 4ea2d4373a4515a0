import { multiplyAddsIn } from "../ir/multiplyAdds.js";
import type { Plan } from "./plan.js";
import { kernelsOf, type PlacedKernel } from "./stages.js";

/** What each kernel of a training step computes, forward and backward, for a block of images. */
export function computedInBlock(plan: Plan): Map<string, number> {
  return new Map(
    kernelsOf(plan)
      .filter(({ phase }) => phase !== "prepare" && phase !== "update")
      .map((placed) => [placed.kernel.name, computedBy(placed)]),
  );
}

/** What a kernel computes in one call, or on all of its chunks. */
export function computedBy(placed: PlacedKernel): number {
  const calls = placed.phase === "batch" ? placed.chunk.chunks : 1;
  return calls * multiplyAddsIn(placed.kernel.body);
}
