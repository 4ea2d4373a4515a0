import type { Expression, Loop, Statement } from "./ir.js";

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
  switch (expression.kind) {
    case "madd":
      return 1 + maddsIn(expression.a) + maddsIn(expression.b) + maddsIn(expression.c);
    case "unary":
      return maddsIn(expression.a);
    case "binary":
    case "shuffle":
      return maddsIn(expression.a) + maddsIn(expression.b);
    case "select":
      return maddsIn(expression.mask) + maddsIn(expression.a) + maddsIn(expression.b);
    default:
      return 0;
  }
}
