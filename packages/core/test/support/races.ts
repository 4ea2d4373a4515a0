import type { Address, Buffer, Index, Loop, LoopNest, Statement } from "../../src/ir/ir.js";
import { accessesOf } from "../../src/ir/visit.js";

/*
 * Whether rounds that may run at the same time leave each other alone: each number is written by one invocation at most, and
 * then read by no other. The nest is walked through, and who touches what is noted.
 */

const SEVERAL = -1;

/** @param start where a buffer begins, in numbers; all lie in `size` numbers. @throws Error that names the nest and the buffer */
export function expectNoRaces(nest: LoopNest, start: (buffer: Buffer) => number, size: number): void {
  const writer = new Int32Array(size);
  const reader = new Int32Array(size);
  const counters = new Map<Index, number>();
  let invocation = 0;

  const touch = ({ buffer, offset, terms, pointer }: Address, lanes: number, writes: boolean) => {
    if (pointer || buffer.bytes) return; // only read from
    let cell = start(buffer) + offset;
    for (const [index, stride] of terms) cell += stride * (counters.get(index) as number);
    for (let lane = cell; lane < cell + lanes; lane++) {
      const others = [writer[lane], ...(writes ? [reader[lane]] : [])];
      if (others.some((other) => other !== 0 && other !== invocation))
        throw new Error(`${nest.name}: several invocations meet at ${buffer.name}`);
      if (writes) writer[lane] = invocation;
      else reader[lane] = reader[lane] === 0 || reader[lane] === invocation ? invocation : SEVERAL;
    }
  };
  const roundsOf = ({ count }: Loop) => (typeof count === "number" ? count : 1);
  const walk = (body: readonly Statement[]): void => {
    for (const statement of body) {
      for (const { address, width, written } of accessesOf(statement)) touch(address, width, written);
      if (statement.kind !== "loop") continue;
      for (let k = 0; k < roundsOf(statement); k++) {
        counters.set(statement.index, k);
        walk(statement.body);
      }
    }
  };
  /** As ir/wgsl/emit.ts makes invocations of loops. */
  const invoke = (body: readonly Statement[]): void => {
    const [only, ...others] = body;
    if (others.length > 0 || only?.kind !== "loop" || !only.parallel) {
      invocation += 1;
      walk(body);
      return;
    }
    for (let k = 0; k < roundsOf(only); k++) {
      counters.set(only.index, k);
      invoke(only.body);
    }
  };
  const areApart = nest.body.every((statement) => statement.kind === "loop" && statement.parallel);
  for (const part of areApart ? nest.body.map((one) => [one]) : [nest.body]) invoke(part);
}
