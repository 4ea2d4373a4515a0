import { type Address, addressesOf, type Expression, operandsOf, type Statement } from "./ir.js";

/* What statements are made of, for all who look through a nest. */

/** The statements inside of a statement: of a loop, of a condition. */
export const insideOf = (statement: Statement): readonly Statement[] =>
  statement.kind === "loop" || statement.kind === "when" ? statement.body : [];

/** All statements, each before those inside of it. */
export function* everyStatement(body: readonly Statement[]): Generator<Statement> {
  for (const statement of body) {
    yield statement;
    yield* everyStatement(insideOf(statement));
  }
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
      return readsOf(statement.value);
    case "store":
    case "storeLane": {
      const width = statement.kind === "store" ? 4 : 1;
      return [{ address: statement.address, width, written: true }, ...readsOf(statement.value)];
    }
    default:
      return [];
  }
}

function readsOf(expression: Expression): Access[] {
  const width = expression.kind === "load" ? 4 : 1;
  return [
    ...addressesOf(expression).map((address): Access => ({ address, width, written: false })),
    ...operandsOf(expression).flatMap(readsOf),
  ];
}
