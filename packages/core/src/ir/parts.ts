import type { Loop, Statement } from "./ir.js";
import { everyStatement } from "./visit.js";

/*
 * What of a nest runs at the same time. Parallel loops at its top, one inside the other, are a part; so is each of several such loops
 * one after the other.
 */

export interface Part {
  /** Parallel loops, outermost first. */
  readonly loops: readonly Loop[];
  /** The loops inside of them whose rounds are the lanes of a workgroup; each round of the others is a workgroup then. */
  readonly lanes: readonly Loop[];
  /** What each round does. */
  readonly body: readonly Statement[];
}

export function partsOf(body: readonly Statement[]): Part[] {
  const areApart = body.every((statement) => statement.kind === "loop" && statement.parallel);
  return (areApart ? body.map((statement) => [statement]) : [body]).map(partOf);
}

function partOf(body: readonly Statement[]): Part {
  const loops: Loop[] = [];
  let inner = body;
  for (;;) {
    const [only, ...others] = inner;
    if (others.length > 0 || only?.kind !== "loop" || !only.parallel) break;
    loops.push(only);
    inner = only.body;
  }
  const isLanes = ({ parallel }: Loop) => parallel === "lanes";
  return { loops: loops.filter((loop) => !isLanes(loop)), lanes: loops.filter(isLanes), body: inner };
}

/** How many rounds such loops have together. */
export const productOf = (loops: readonly Loop[]): number =>
  loops.reduce((product, loop) => product * roundsOf(loop), 1);

export function roundsOf({ count }: Loop): number {
  if (typeof count !== "number") throw new Error("only loops of a known length become invocations");
  return count;
}

/** Whether lanes wait for each other in a statement. */
export const hasBarrier = (statement: Statement): boolean =>
  everyStatement([statement]).some(({ kind }) => kind === "barrier");

/**
 * The statements of a workgroup as they are done: `eachLane` with those that each lane does without waiting, one lane after the other,
 * `together` with one that has barriers inside.
 * @throws Error if there is a barrier that lanes may not all come to equally often
 */
export function forEachStretch(
  body: readonly Statement[],
  eachLane: (stretch: readonly Statement[]) => void,
  together: (statement: Loop | Extract<Statement, { kind: "barrier" }>) => void,
): void {
  let stretch: Statement[] = [];
  const flush = () => {
    if (stretch.length > 0) eachLane(stretch);
    stretch = [];
  };
  for (const statement of body) {
    if (!hasBarrier(statement)) {
      stretch.push(statement);
      continue;
    }
    flush();
    const known = statement.kind === "loop" && typeof statement.count === "number";
    if (!known && statement.kind !== "barrier") throw new Error("not all lanes come to a barrier");
    together(statement);
  }
  flush();
}
