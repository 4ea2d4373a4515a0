import { type Expression, type Loop, operandsOf, type Statement } from "./ir.js";

/*
 * How many multiply-adds the kernels really compute. By a network's definition it may be more (Winograd's method does without
 * most of those of a wide convolution) or fewer (vectors that reach beyond the end of a row).
 */

/** How many multiply-adds the statements do, each vector's four counted. */
export function multiplyAddsIn(statements: readonly Statement[]): number {
  let count = 0;
  for (const statement of statements) {
    if (statement.kind === "loop") {
      count += timesOf(statement) * multiplyAddsIn(statement.body);
    } else if (statement.kind !== "point" && statement.kind !== "fence")
      count += 4 * maddsIn(statement.value);
  }
  return count;
}

function timesOf({ count }: Loop): number {
  if (count === "parameter") return 1;
  return typeof count === "number" ? count : count.mean;
}

function maddsIn(expression: Expression): number {
  const own = expression.kind === "madd" ? 1 : 0;
  return operandsOf(expression).reduce((sum, operand) => sum + maddsIn(operand), own);
}
