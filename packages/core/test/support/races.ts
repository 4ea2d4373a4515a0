import {
  type Address,
  type Buffer,
  type Index,
  type Loop,
  type LoopNest,
  type Statement,
  WORKGROUP_BYTES,
} from "../../src/ir/ir.js";
import { forEachStretch, partsOf } from "../../src/ir/parts.js";
import { type Access, accessesOf, insideOf } from "../../src/ir/visit.js";

/*
 * Whether rounds that may run at the same time leave each other alone: each number is written by one invocation at most, and
 * then read by no other. What the lanes of a workgroup share they may read after a barrier, and write anew. The nest is walked
 * through, and who touches what is noted.
 */

const SEVERAL = -1;

/** Who has touched each number of a memory; invocations are counted from 1. */
class Touched {
  readonly #writer: Int32Array;
  readonly #reader: Int32Array;

  constructor(size: number) {
    this.#writer = new Int32Array(size);
    this.#reader = new Int32Array(size);
  }

  forget(): void {
    this.#writer.fill(0);
    this.#reader.fill(0);
  }

  /** Whether another one has touched the number so that the order matters. */
  meets(cell: number, invocation: number, writes: boolean): boolean {
    const others = [this.#writer[cell], ...(writes ? [this.#reader[cell]] : [])];
    if (writes) this.#writer[cell] = invocation;
    else {
      const before = this.#reader[cell];
      this.#reader[cell] = before === 0 || before === invocation ? invocation : SEVERAL;
    }
    return others.some((other) => other !== 0 && other !== invocation);
  }
}

/** @param start where a buffer begins, in numbers; all lie in `size` numbers. @throws Error that names the nest and the buffer */
export function expectNoRaces(nest: LoopNest, start: (buffer: Buffer) => number, size: number): void {
  const memory = new Touched(size);
  const shared = new Touched(WORKGROUP_BYTES / 4);
  const counters = new Map<Index, number>();
  const known = new Map<Statement, Access[]>();
  let invocation = 0;

  const accesses = (statement: Statement): Access[] => {
    const own = known.get(statement) ?? accessesOf(statement);
    known.set(statement, own);
    return own;
  };
  const sumOf = (offset: number, terms: Address["terms"]) =>
    terms.reduce((sum, [index, stride]) => sum + stride * (counters.get(index) as number), offset);
  const touch = ({ buffer, offset, terms, pointer }: Address, width: number, writes: boolean) => {
    if (pointer || buffer.bytes) return; // only read from
    const isShared = buffer.region === "workgroup";
    const touched = isShared ? shared : memory;
    const first = sumOf((isShared ? buffer.offset / 4 : start(buffer)) + offset, terms);
    for (let cell = first; cell < first + width; cell++)
      if (touched.meets(cell, invocation, writes))
        throw new Error(`${nest.name}: several invocations meet at ${buffer.name}`);
  };
  const walk = (body: readonly Statement[]): void => {
    for (const statement of body) {
      for (const { address, width, written } of accesses(statement)) touch(address, width, written);
      const { kind } = statement;
      if (kind === "loop") inRounds(statement, () => walk(statement.body));
      else if (kind !== "when" || sumOf(statement.sum.offset, statement.sum.terms) < statement.below)
        walk(insideOf(statement));
    }
  };
  const inRounds = ({ index, count }: Loop, round: () => void) => {
    for (let k = 0; k < (typeof count === "number" ? count : 1); k++) {
      counters.set(index, k);
      round();
    }
  };
  const nested = (loops: readonly Loop[], round: () => void) =>
    loops.reduceRight<() => void>((inner, loop) => () => inRounds(loop, inner), round)();

  for (const { loops, lanes, body } of partsOf(nest.body)) {
    nested(loops, () => {
      if (lanes.length === 0) {
        invocation += 1;
        walk(body);
        return;
      }
      const before = invocation;
      const eachLane = (stretch: readonly Statement[]) => {
        invocation = before;
        nested(lanes, () => {
          invocation += 1;
          walk(stretch);
        });
      };
      const inStep = (statements: readonly Statement[]): void =>
        forEachStretch(statements, eachLane, (statement) => {
          if (statement.kind === "loop") inRounds(statement, () => inStep(statement.body));
          else shared.forget();
        });
      shared.forget();
      inStep(body);
    });
  }
}
