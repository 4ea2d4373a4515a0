import type { Buffer, Index, Loop, LoopNest, Statement } from "../ir.js";
import { Cells, type Scope } from "./cells.js";
import { StatementWriter } from "./statements.js";
import { type Binding, bindingsOf, type Place } from "./storages.js";

/*
 * A loop nest as a compute shader in WGSL (https://www.w3.org/TR/WGSL/).
 *
 * The outermost loops whose rounds may run at the same time become invocations: each works out from its number which rounds
 * are its own, the innermost loop's counter changing fastest, so that neighbours read neighbouring numbers. A nest with
 * several such loops one after the other has a stretch of invocations for each. All other loops stay loops.
 */

export interface ShaderOptions {
  placeOf(buffer: Buffer): Place;
  /** How many invocations are started together. */
  readonly workgroup: number;
  /** A whole number: where it is 0, the shader does nothing. */
  readonly unlessZero?: Buffer | undefined;
}

export interface Shader {
  readonly name: string;
  readonly code: string;
  /** In the order of their numbers in group 0. */
  readonly bindings: readonly Binding[];
  /** How many workgroups, in x and y. */
  readonly workgroups: readonly [number, number];
}

/** More workgroups than this in one dimension no device need take. */
const MOST_WORKGROUPS = 65535;

export function emitShader(nest: LoopNest, { placeOf, workgroup, unlessZero }: ShaderOptions): Shader {
  const bindings = bindingsOf(nest, placeOf);
  const parts = partsOf(nest.body);
  const invocations = parts.reduce((sum, part) => sum + part.size, 0);
  const groups = Math.ceil(invocations / workgroup);
  const rows = Math.ceil(groups / MOST_WORKGROUPS);
  const columns = Math.ceil(groups / rows);
  const cells = new Cells(bindings, placeOf);
  const writer = new StatementWriter(nest, cells);

  const body: string[] = [];
  const guard = unlessZero && placeOf(unlessZero);
  if (guard) body.push(`  if (${guard.storage.name}[${guard.start}] == 0) { return; }`);
  const row = rows > 1 ? ` + i32(id.y) * ${columns * workgroup}` : "";
  body.push(`  let invocation = i32(id.x)${row};`);
  let first = 0;
  for (const part of parts) {
    const end = first + part.size;
    const isOnly = parts.length === 1;
    const low = first === 0 ? "" : `invocation >= ${first} && `;
    const inside = isOnly ? "  " : "    ";
    if (isOnly) body.push(`  if (invocation >= ${end}) { return; }`);
    else body.push(`  if (${low}invocation < ${end}) {`);
    body.push(...countersOf(part, first, cells, inside));
    body.push(
      ...writer.statements(
        part.body,
        part.loops.map(({ index, count }): Scope => scopeOf(index, count, cells)),
        inside,
      ),
    );
    if (!isOnly) body.push("  }");
    first = end;
  }
  const all = guard ? [...bindings, guardBinding(guard)] : bindings;
  return {
    name: nest.name,
    code: [
      `// ${nest.name}`,
      ...all.map(declaration),
      "",
      `@compute @workgroup_size(${workgroup})`,
      "fn main(@builtin(global_invocation_id) id: vec3u) {",
      ...body,
      "}",
      "",
    ].join("\n"),
    bindings: all,
    workgroups: [columns, rows],
  };
}

const guardBinding = ({ storage }: Place): Binding => ({ storage, element: "number", written: false });

function declaration({ storage, element, written }: Binding, number: number): string {
  const scalar = storage.integers ? "u32" : "f32";
  const type = element === "vector" ? `vec4<${scalar}>` : scalar;
  return `@group(0) @binding(${number}) var<storage, ${written ? "read_write" : "read"}> ${storage.name}: array<${type}>;`;
}

/** A stretch of invocations: parallel loops, outermost first, and what each round does. */
interface Part {
  readonly loops: readonly Loop[];
  readonly body: readonly Statement[];
  /** How many invocations. */
  readonly size: number;
}

function partsOf(body: readonly Statement[]): Part[] {
  if (body.every((statement) => statement.kind === "loop" && statement.parallel)) {
    return body.map((statement) => partOf([statement]));
  }
  return [partOf(body)];
}

function partOf(body: readonly Statement[]): Part {
  const loops: Loop[] = [];
  let inner = body;
  for (;;) {
    const [only, ...others] = inner;
    if (others.length > 0 || only?.kind !== "loop" || !only.parallel) break;
    loops.push(only);
    inner = only.body;
  }
  return {
    loops,
    body: inner,
    size: loops.reduce((product, { count }) => product * roundsOf(count), 1),
  };
}

function roundsOf(count: Loop["count"]): number {
  if (typeof count !== "number") throw new Error("only loops of a known length become invocations");
  return count;
}

/** What has one round needs no counter. */
const scopeOf = (index: Index, count: Loop["count"], cells: Cells): Scope =>
  count === 1 ? { index, copy: 0 } : { index, name: cells.nameOf(index) };

/** The counters of a part's loops, from the number of the invocation. */
function countersOf({ loops }: Part, first: number, cells: Cells, indent: string): string[] {
  const lines: string[] = [];
  const number = first === 0 ? "invocation" : `(invocation - ${first})`;
  let divisor = 1;
  for (const [k, { index, count }] of [...loops].reverse().entries()) {
    const rounds = roundsOf(count);
    if (rounds === 1) continue;
    const quotient = divisor === 1 ? number : `${number} / ${divisor}`;
    const isOutermost = loops.slice(0, loops.length - 1 - k).every((outer) => outer.count === 1);
    lines.push(
      `${indent}let ${cells.nameOf(index)} = ${isOutermost ? quotient : `${quotient} % ${rounds}`};`,
    );
    divisor *= rounds;
  }
  return lines;
}
