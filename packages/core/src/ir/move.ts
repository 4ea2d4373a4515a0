import type { Address, Expression, Statement } from "./ir.js";

/* Loop nests that do the same somewhere else. */

/** What becomes of an address. */
export type Move = (address: Address) => Address;

/** A statement with all its addresses moved, those of tables too. */
export function movedStatement(statement: Statement, move: Move): Statement {
  switch (statement.kind) {
    case "set":
      return { ...statement, value: movedExpression(statement.value, move) };
    case "store":
    case "storeLane":
      return {
        ...statement,
        address: move(statement.address),
        value: movedExpression(statement.value, move),
      };
    case "point":
      return { ...statement, address: move(statement.address), table: move(statement.table) };
    case "fence":
    case "barrier":
      return statement;
    case "when":
      return { ...statement, body: statement.body.map((inner) => movedStatement(inner, move)) };
    case "loop": {
      const { count } = statement;
      return {
        ...statement,
        count: typeof count === "object" ? { ...count, table: move(count.table) } : count,
        body: statement.body.map((inner) => movedStatement(inner, move)),
      };
    }
  }
}

function movedExpression(expression: Expression, move: Move): Expression {
  const inner = (operand: Expression) => movedExpression(operand, move);
  switch (expression.kind) {
    case "load":
    case "splat":
      return { ...expression, address: move(expression.address) };
    case "bytes":
      return { ...expression, addresses: expression.addresses.map(move) };
    case "unary":
    case "shift":
      return { ...expression, a: inner(expression.a) };
    case "binary":
    case "shuffle":
      return { ...expression, a: inner(expression.a), b: inner(expression.b) };
    case "madd":
      return { ...expression, a: inner(expression.a), b: inner(expression.b), c: inner(expression.c) };
    case "select":
      return {
        ...expression,
        mask: inner(expression.mask),
        a: inner(expression.a),
        b: inner(expression.b),
      };
    default:
      return expression;
  }
}
