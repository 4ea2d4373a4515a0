import type { LoopNest } from "../ir/ir.js";
import { buffersOf } from "../ir/visit.js";
import type { WayStage } from "./stages.js";

/*
 * What one stage has computed and another reads either stays in memory in between, or is computed anew. A block that has waited for
 * its batch is no longer in the caches when it goes on, and what it writes and reads again takes longer than a
 * multiplication for each number of it. So what is made by one kernel, of numbers that are kept anyway, is made where it is read.
 */

/**
 * @param buffers what is computed anew, by its names; each is written by one kernel alone
 * @returns the stages, with that kernel before the first that reads the buffer, in each stage that does
 */
export function computeWhereRead(
  stages: readonly WayStage[],
  buffers: ReadonlySet<string>,
): readonly WayStage[] {
  if (buffers.size === 0) return stages; // most networks; looking through all kernels takes a fifth of the planning
  const kernels = stages.flatMap((stage) => (stage.each === "block" ? stage.kernels : []));
  const makers = kernels.flatMap((kernel) =>
    [...buffersOf(kernel)]
      .filter(([name, { written }]) => written && buffers.has(name))
      .map(([name]) => ({ kernel, name })),
  );
  // from the last one on: what it reads may be computed anew itself
  return makers.reverse().reduce((rest, { kernel, name }) => placed(rest, kernel, name), stages);
}

/** A kernel is where its buffer is read, and nowhere else. */
function placed(stages: readonly WayStage[], maker: LoopNest, buffer: string): readonly WayStage[] {
  let count = 0;
  return stages.map((stage) => {
    if (stage.each !== "block") return stage;
    const others = stage.kernels.filter((kernel) => kernel !== maker);
    const first = others.findIndex((kernel) => buffersOf(kernel).get(buffer)?.read);
    if (first < 0) return { ...stage, kernels: others };
    count += 1;
    const again = count === 1 ? maker : { ...maker, name: `${maker.name}${count}` };
    return { ...stage, kernels: [...others.slice(0, first), again, ...others.slice(first)] };
  });
}
