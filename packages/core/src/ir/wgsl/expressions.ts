import type { Address, BinaryOperation, Expression, Register, Statement } from "../ir.js";
import { everyStatement } from "../visit.js";
import type { Cells, Scope } from "./cells.js";

/*
 * Expressions as WGSL. A vector of the loop nest is a vec4 of one of three kinds: numbers, bits, or what a comparison gives.
 * Where a nest takes the bits of a number or masks it, the kind is changed in between.
 */
export type Kind = "float" | "bits" | "mask";

interface Text {
  readonly kind: Kind;
  readonly text: string;
}

/** The kinds of a nest's registers: bits where bits are ever set, else what is set first. */
export function kindsOf(body: readonly Statement[]): Map<Register, Kind> {
  const kinds = new Map<Register, Kind>();
  for (const statement of everyStatement(body)) {
    if (statement.kind !== "set") continue;
    const kind = kindOf(statement.value, kinds);
    const known = kinds.get(statement.register);
    if (known === undefined || kind === "bits") kinds.set(statement.register, kind);
  }
  return kinds;
}

const COMPARISONS: ReadonlySet<BinaryOperation> = new Set(["eq", "gt", "eqInteger"]);
const OF_BITS: ReadonlySet<BinaryOperation> = new Set(["addInteger", "mulInteger"]);
const BITWISE: ReadonlySet<BinaryOperation> = new Set(["and", "andnot", "xor"]);

function kindOf(expression: Expression, kinds: ReadonlyMap<Register, Kind>): Kind {
  const of = (one: Expression) => kindOf(one, kinds);
  switch (expression.kind) {
    case "register":
      return kinds.get(expression.register) ?? "float";
    case "integer":
    case "shift":
      return "bits";
    case "unary":
      return expression.operation === "toInteger" ? "bits" : "float";
    case "select":
      return of(expression.a);
    case "binary": {
      const { operation, a, b } = expression;
      if (COMPARISONS.has(operation)) return "mask";
      if (OF_BITS.has(operation)) return "bits";
      if (!BITWISE.has(operation)) return "float";
      if (of(a) === "mask" && of(b) === "mask") return "mask";
      if (operation !== "xor" && of(b) === "mask") return of(a);
      if (operation === "and" && of(a) === "mask") return of(b);
      return "bits";
    }
    default:
      return "float";
  }
}

/** Writes the expressions of a statement. */
export class ExpressionWriter {
  readonly #kinds: ReadonlyMap<Register, Kind>;
  readonly #cells: Cells;
  readonly #scopes: readonly Scope[];

  constructor(kinds: ReadonlyMap<Register, Kind>, cells: Cells, scopes: readonly Scope[]) {
    this.#kinds = kinds;
    this.#cells = cells;
    this.#scopes = scopes;
  }

  /** An expression as a value of this kind. */
  as(kind: Kind, expression: Expression): string {
    if (kind === "bits" && expression.kind === "constant") return `vec4u(${hex(bitsOf(expression.value))})`;
    const { kind: own, text } = this.#text(expression);
    if (kind === own) return text;
    if (kind === "mask") return `(${own === "float" ? `bitcast<vec4u>(${text})` : text} != vec4u(0u))`;
    if (own === "mask") {
      const bits = `select(vec4u(0u), vec4u(0xffffffffu), ${text})`;
      return kind === "bits" ? bits : `bitcast<vec4f>(${bits})`;
    }
    return `bitcast<${kind === "bits" ? "vec4u" : "vec4f"}>(${text})`;
  }

  #text(expression: Expression): Text {
    const float = (text: string): Text => ({ kind: "float", text });
    const number = (one: Expression) => this.as("float", one);
    switch (expression.kind) {
      case "register":
        return { kind: this.#kinds.get(expression.register) ?? "float", text: expression.register.name };
      case "constant":
        return float(`vec4f(${literal(expression.value)})`);
      case "integer":
        return { kind: "bits", text: `vec4u(${hex(expression.value >>> 0)})` };
      case "load":
        return this.#load(expression.address);
      case "splat": {
        const single = this.#cells.single(expression.address, this.#scopes);
        return this.#loaded(expression.address, `vec4<${this.#scalar(expression.address)}>(${single})`);
      }
      case "bytes":
        return float(`vec4f(${expression.addresses.map((address) => this.#byte(address)).join(", ")})`);
      case "unary":
        return this.#unary(expression.operation, number(expression.a));
      case "binary":
        return this.#binary(expression);
      case "shift": {
        const sign = expression.to === "left" ? "<<" : ">>";
        return { kind: "bits", text: `(${this.as("bits", expression.a)} ${sign} vec4u(${expression.by}u))` };
      }
      case "madd":
        return float(`fma(${number(expression.a)}, ${number(expression.b)}, ${number(expression.c)})`);
      case "select": {
        const { kind } = this.#text(expression.a);
        const [a, b] = [this.as(kind, expression.a), this.as(kind, expression.b)];
        return { kind, text: `select(${b}, ${a}, ${this.as("mask", expression.mask)})` };
      }
      case "shuffle":
        return float(this.#shuffle(expression.lanes, number(expression.a), number(expression.b)));
    }
  }

  #scalar(address: Address): "f32" | "u32" {
    return this.#cells.bindingOf(address).storage.integers ? "u32" : "f32";
  }

  #loaded(address: Address, text: string): Text {
    return { kind: this.#scalar(address) === "u32" ? "bits" : "float", text };
  }

  #load(address: Address): Text {
    const { storage, element } = this.#cells.bindingOf(address);
    if (element === "vector") return this.#loaded(address, this.#cells.vector(address, this.#scopes));
    const start = this.#cells.number(address, this.#scopes);
    const lanes = [0, 1, 2, 3].map((lane) => `${storage.name}[${lane === 0 ? start : `${start} + ${lane}`}]`);
    return this.#loaded(address, `vec4<${this.#scalar(address)}>(${lanes.join(", ")})`);
  }

  #byte(address: Address): string {
    const { name } = this.#cells.bindingOf(address).storage;
    const byte = this.#cells.number(address, this.#scopes);
    return `f32(extractBits(${name}[(${byte}) / 4], 8u * u32((${byte}) % 4), 8u))`;
  }

  #unary(operation: Extract<Expression, { kind: "unary" }>["operation"], a: string): Text {
    switch (operation) {
      case "sqrt":
        return { kind: "float", text: `sqrt(${a})` };
      case "nearest":
        return { kind: "float", text: `round(${a})` };
      case "toInteger":
        return { kind: "bits", text: `bitcast<vec4u>(vec4i(${a}))` };
      case "sumLanes":
        return { kind: "float", text: `vec4f(dot(${a}, vec4f(1.0f)))` };
    }
  }

  #binary({ operation, a, b }: Extract<Expression, { kind: "binary" }>): Text {
    const between = (kind: Kind, operands: Kind, sign: string): Text => ({
      kind,
      text: `(${this.as(operands, a)} ${sign} ${this.as(operands, b)})`,
    });
    switch (operation) {
      case "add":
        return between("float", "float", "+");
      case "sub":
        return between("float", "float", "-");
      case "mul":
        return between("float", "float", "*");
      case "div":
        return between("float", "float", "/");
      case "eq":
        return between("mask", "float", "==");
      case "gt":
        return between("mask", "float", ">");
      case "eqInteger":
        return between("mask", "bits", "==");
      case "addInteger":
        return between("bits", "bits", "+");
      case "mulInteger":
        return between("bits", "bits", "*");
      case "max":
      case "pmax":
        return { kind: "float", text: `max(${this.as("float", a)}, ${this.as("float", b)})` };
      case "and":
      case "andnot":
      case "xor":
        return this.#bitwise(operation, a, b);
    }
  }

  #bitwise(operation: "and" | "andnot" | "xor", a: Expression, b: Expression): Text {
    const [first, second] = [this.#text(a).kind, this.#text(b).kind];
    if (first === "mask" && second === "mask") {
      const [x, y] = [this.as("mask", a), this.as("mask", b)];
      const text = { and: `(${x} & ${y})`, andnot: `(${x} & !${y})`, xor: `(${x} != ${y})` }[operation];
      return { kind: "mask", text };
    }
    if (operation !== "xor" && second === "mask") {
      const [value, mask] = [this.as(first, a), this.as("mask", b)];
      const zero = first === "bits" ? "vec4u(0u)" : "vec4f(0.0f)";
      const text =
        operation === "and" ? `select(${zero}, ${value}, ${mask})` : `select(${value}, ${zero}, ${mask})`;
      return { kind: first, text };
    }
    if (operation === "and" && first === "mask") return this.#bitwise("and", b, a);
    const [x, y] = [this.as("bits", a), this.as("bits", b)];
    const text = { and: `(${x} & ${y})`, andnot: `(${x} & ~${y})`, xor: `(${x} ^ ${y})` }[operation];
    return { kind: "bits", text };
  }

  #shuffle(lanes: readonly number[], a: string, b: string): string {
    if (lanes.every((lane) => lane < 4)) return `${a}.${lanes.map((lane) => "xyzw"[lane]).join("")}`;
    return `vec4f(${lanes.map((lane) => `${lane < 4 ? a : b}.${"xyzw"[lane % 4]}`).join(", ")})`;
  }
}

const hex = (bits: number) => `0x${bits.toString(16)}u`;

const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0];

/** The largest finite number of float32: shaders have no infinite constants. */
const LARGEST = 3.4028234663852886e38;

function literal(value: number): string {
  const finite = Math.min(LARGEST, Math.max(-LARGEST, Math.fround(value)));
  if (Object.is(finite, -0)) return "-0.0f";
  const text = String(finite);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}
