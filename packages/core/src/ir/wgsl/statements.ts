import type { Address, Expression, Loop, LoopNest, Register, Statement } from "../ir.js";
import { everyStatement } from "../visit.js";
import type { Cells, Scope } from "./cells.js";
import { ExpressionWriter, type Kind, kindsOf } from "./expressions.js";

/** Writes statements as WGSL, a line each. */
export class StatementWriter {
  readonly #cells: Cells;
  readonly #kinds: ReadonlyMap<Register, Kind>;
  readonly #sets: ReadonlyMap<Register, number>;
  /** Registers that are declared where the present statement stands. */
  #declared = new Set<Register>();

  constructor({ body }: LoopNest, cells: Cells) {
    this.#cells = cells;
    this.#kinds = kindsOf(body);
    this.#sets = setsOf(body);
  }

  statements(body: readonly Statement[], scopes: readonly Scope[], indent: string): string[] {
    const outer = this.#declared;
    this.#declared = new Set(outer);
    const lines = body.flatMap((statement) => this.#statement(statement, scopes, indent));
    this.#declared = outer;
    return lines;
  }

  #statement(statement: Statement, scopes: readonly Scope[], indent: string): string[] {
    const write = new ExpressionWriter(this.#kinds, this.#cells, scopes);
    switch (statement.kind) {
      case "fence":
        return [];
      case "barrier":
        return [`${indent}workgroupBarrier();`];
      case "when":
        return [
          `${indent}if (${this.#cells.sum(statement.sum, scopes)} < ${statement.below}) {`,
          ...this.statements(statement.body, scopes, `${indent}  `),
          `${indent}}`,
        ];
      case "loop":
        return this.#loop(statement, scopes, indent);
      case "set":
        return [indent + this.#set(statement.register, write, statement.value)];
      case "store":
        return [indent + this.#store(statement.address, scopes, write, statement.value)];
      case "storeLane": {
        const { integers } = this.#cells.bindingOf(statement.address).storage;
        const value = write.as(integers ? "bits" : "float", statement.value);
        return [`${indent}${this.#cells.single(statement.address, scopes)} = (${value}).x;`];
      }
      case "point": {
        const { address, table, pointer } = statement;
        const bytes = `i32(${this.#cells.single(table, scopes)})`;
        const start = this.#cells.number(address, scopes);
        const further = address.buffer.bytes ? bytes : `${bytes} / 4`;
        return [
          `${indent}let ${this.#cells.nameOf(pointer)} = ${start === "0" ? further : `${start} + ${further}`};`,
        ];
      }
    }
  }

  #set(register: Register, write: ExpressionWriter, value: Expression): string {
    const text = write.as(this.#kinds.get(register) ?? "float", value);
    if (this.#declared.has(register)) return `${register.name} = ${text};`;
    this.#declared.add(register);
    return `${this.#sets.get(register) === 1 ? "let" : "var"} ${register.name} = ${text};`;
  }

  #loop(
    { index, count, unrolled, parallel, body }: Loop,
    scopes: readonly Scope[],
    indent: string,
  ): string[] {
    if (parallel === "lanes") throw new Error("a workgroup's lanes are inside of nothing but parallel loops");
    if (unrolled && typeof count === "number") {
      return Array.from({ length: count }, (_, copy) => [
        `${indent}{`,
        ...this.statements(body, [...scopes, { index, copy }], `${indent}  `),
        `${indent}}`,
      ]).flat();
    }
    const name = this.#cells.nameOf(index);
    return [
      `${indent}for (var ${name} = 0; ${name} < ${this.#roundsOf(count, scopes)}; ${name}++) {`,
      ...this.statements(body, [...scopes, { index, name }], `${indent}  `),
      `${indent}}`,
    ];
  }

  #roundsOf(count: Loop["count"], scopes: readonly Scope[]): string {
    if (count === "parameter") throw new Error("a shader's loops have no parameter for their length");
    if (typeof count === "number") return String(count);
    return `i32(${this.#cells.single(count.table, scopes)})`;
  }

  #store(address: Address, scopes: readonly Scope[], write: ExpressionWriter, value: Expression): string {
    const { element, storage } = this.#cells.bindingOf(address);
    const text = write.as(storage.integers ? "bits" : "float", value);
    if (element === "vector") return `${this.#cells.vector(address, scopes)} = ${text};`;
    const start = this.#cells.number(address, scopes);
    const parts = ["x", "y", "z", "w"].map((lane, k) => `${storage.name}[${start} + ${k}] = four.${lane};`);
    return `{ let four = ${text}; ${parts.join(" ")} }`;
  }
}

/** How often each register is set in the text of a nest. */
function setsOf(body: readonly Statement[]): Map<Register, number> {
  const sets = new Map<Register, number>();
  for (const statement of everyStatement(body))
    if (statement.kind === "set") sets.set(statement.register, (sets.get(statement.register) ?? 0) + 1);
  return sets;
}
