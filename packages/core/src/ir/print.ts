import type {
  Address,
  BinaryOperation,
  Expression,
  Loop,
  LoopNest,
  Pointer,
  Statement,
  Sum,
  UnaryOperation,
} from "./ir.js";

/*
 * A loop nest as text for people: one line for each statement, loops by their counts, cells as buffer[offset + counter*stride].
 * `v` before a cell means four numbers from there on; `all` one number, four times. A name in the brackets that is no
 * loop's is a pointer, which counts from the start of its buffer.
 */

export function printLoopNest({ name, body }: LoopNest): string {
  return [`${name}:`, ...body.flatMap((statement) => linesOf(statement, 1))].join("\n");
}

function linesOf(statement: Statement, depth: number): string[] {
  const indent = "  ".repeat(depth);
  switch (statement.kind) {
    case "set":
      return [`${indent}${statement.register.name} = ${text(statement.value)}`];
    case "store":
      return [`${indent}v ${cell(statement.address)} = ${text(statement.value)}`];
    case "storeLane":
      return [`${indent}${cell(statement.address)} = ${text(statement.value)}`];
    case "point":
      return [
        `${indent}${statement.pointer.name} points to ${cell(statement.address)}, further by ${cell(statement.table)} bytes`,
      ];
    case "fence":
      return [];
    case "barrier":
      return [`${indent}wait for all lanes`];
    case "when": {
      const head = `${indent}where ${sum(statement.sum)} < ${statement.below}:`;
      return [head, ...statement.body.flatMap((inner) => linesOf(inner, depth + 1))];
    }
    case "loop": {
      const lanes = `${statement.count} lanes of a workgroup`;
      const times = statement.parallel === "lanes" ? lanes : timesOf(statement.count);
      const how = statement.unrolled && statement.count !== 1 ? ", unrolled" : "";
      const head = `${indent}for ${statement.index.name}, ${statement.count === 1 ? "once" : times}${how}:`;
      return [head, ...statement.body.flatMap((inner) => linesOf(inner, depth + 1))];
    }
  }
}

function timesOf(count: Loop["count"]): string {
  if (count === "parameter") return "as often as asked";
  return typeof count === "number" ? `${count} times` : `as often as ${cell(count.table)} says`;
}

/** `conv1.out[8 + o*2704 + j*8]` */
function cell({ buffer, pointer, ...inside }: Address): string {
  return `${buffer.name}[${sum(inside, pointer)}]`;
}

function sum({ offset, terms }: Sum, pointer?: Pointer): string {
  const steps = terms.map(([{ name }, stride]) => (stride === 1 ? name : `${name}*${stride}`));
  if (pointer) steps.unshift(pointer.name);
  return (offset === 0 && steps.length > 0 ? steps : [String(offset), ...steps]).join(" + ");
}

function text(expression: Expression): string {
  switch (expression.kind) {
    case "register":
      return expression.register.name;
    case "constant":
    case "integer":
      return String(expression.value);
    case "load":
      return `v ${cell(expression.address)}`;
    case "splat":
      return `all ${cell(expression.address)}`;
    case "bytes":
      return `bytes (${expression.addresses.map(cell).join(", ")})`;
    case "unary":
      return `${UNARY[expression.operation]}(${text(expression.a)})`;
    case "binary":
      return binaryText(expression.operation, text(expression.a), text(expression.b));
    case "shift":
      return `(${text(expression.a)} ${expression.to === "left" ? "<<" : ">>>"} ${expression.by})`;
    case "madd":
      return `${factor(expression.a)} * ${factor(expression.b)} + ${text(expression.c)}`;
    case "select":
      return `(${text(expression.mask)} ? ${text(expression.a)} : ${text(expression.b)})`;
    case "shuffle":
      return `lanes ${expression.lanes.join(" ")} of (${text(expression.a)}, ${text(expression.b)})`;
  }
}

function factor(expression: Expression): string {
  return expression.kind === "madd" ? `(${text(expression)})` : text(expression);
}

const UNARY: Record<UnaryOperation, string> = {
  sqrt: "sqrt",
  nearest: "nearest whole",
  toInteger: "integer",
  sumLanes: "sum of lanes",
};

/** Those that are written between their operands; the others before them, as functions. */
const BETWEEN: Partial<Record<BinaryOperation, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  eq: "==",
  gt: ">",
  and: "and",
  andnot: "and not",
  xor: "xor",
};

function binaryText(operation: BinaryOperation, a: string, b: string): string {
  const sign = BETWEEN[operation];
  return sign ? `(${a} ${sign} ${b})` : `${operation}(${a}, ${b})`;
}
