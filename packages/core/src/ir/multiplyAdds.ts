import { type Expression, operandsOf, type Statement } from "./ir.js";
import { computedBy, insideOf } from "./visit.js";

/*
 * How many multiply-adds the kernels really compute. By a network's definition it may be more (Winograd's method does without
 * most of those of a wide convolution) or fewer (vectors that reach beyond the end of a row).
 */

/** How many multiply-adds the statements do, each vector's four counted. */
export function multiplyAddsIn(statements: readonly Statement[]): number {
  let count = 0;
  for (const statement of statements) {
    const value = computedBy(statement);
    if (value) count += 4 * maddsIn(value);
    count += timesOf(statement) * multiplyAddsIn(insideOf(statement));
  }
  return count;
}

function timesOf(statement: Statement): number {
  if (statement.kind !== "loop" || statement.count === "parameter") return 1;
  const { count } = statement;
  return typeof count === "number" ? count : count.mean;
}

function maddsIn(expression: Expression): number {
  const own = expression.kind === "madd" ? 1 : 0;
  return operandsOf(expression).reduce((sum, operand) => sum + maddsIn(operand), own);
}
