import {
  type Address,
  addressesOf,
  type Buffer,
  type Expression,
  type LoopNest,
  operandsOf,
  type Statement,
} from "./ir.js";

/* What statements are made of, for all who look through a nest. */

/** The statements inside of a statement: of a loop, of a condition. */
export const insideOf = (statement: Statement): readonly Statement[] =>
  statement.kind === "loop" || statement.kind === "when" ? statement.body : [];

/** All statements, each before those inside of it. */
export function everyStatement(body: readonly Statement[]): Statement[] {
  const all: Statement[] = [];
  const add = (statements: readonly Statement[]) => {
    for (const statement of statements) {
      all.push(statement);
      add(insideOf(statement));
    }
  };
  add(body);
  return all;
}

/** What a statement computes. */
export const computedBy = (statement: Statement): Expression | undefined =>
  "value" in statement ? statement.value : undefined;

/** Memory that is read or written. */
export interface Access {
  readonly address: Address;
  /** How many numbers that lie side by side. */
  readonly width: 1 | 4;
  readonly written: boolean;
}

/** What a statement reads and writes by itself, without what is inside of it: first what it writes. */
export function accessesOf(statement: Statement): Access[] {
  const single = (address: Address): Access => ({ address, width: 1, written: false });
  switch (statement.kind) {
    case "loop":
      return typeof statement.count === "object" ? [single(statement.count.table)] : [];
    case "point":
      return [single(statement.table)];
    case "set":
      return withReads(statement.value, []);
    case "store":
    case "storeLane": {
      const width = statement.kind === "store" ? 4 : 1;
      return withReads(statement.value, [{ address: statement.address, width, written: true }]);
    }
    default:
      return [];
  }
}

/** Adds what an expression reads. Unrolled kernels have thousands of expressions, so no list is made for each of them. */
function withReads(expression: Expression, accesses: Access[]): Access[] {
  const width = expression.kind === "load" ? 4 : 1;
  for (const address of addressesOf(expression)) accesses.push({ address, width, written: false });
  for (const operand of operandsOf(expression)) withReads(operand, accesses);
  return accesses;
}

/** A buffer that a nest touches. */
export interface Touched {
  readonly buffer: Buffer;
  readonly read: boolean;
  readonly written: boolean;
}

/** The buffers that a nest touches, by their names. */
export function buffersOf(nest: LoopNest): ReadonlyMap<string, Touched> {
  const known = touched.get(nest);
  if (known) return known;
  const buffers = new Map<string, Touched>();
  for (const { address, written } of everyStatement(nest.body).flatMap(accessesOf)) {
    const { buffer } = address;
    const before = buffers.get(buffer.name);
    buffers.set(buffer.name, {
      buffer,
      read: !written || before?.read === true,
      written: written || before?.written === true,
    });
  }
  touched.set(nest, buffers);
  return buffers;
}

/** Large kernels have thousands of accesses, and are asked several times. */
const touched = new WeakMap<LoopNest, ReadonlyMap<string, Touched>>();
