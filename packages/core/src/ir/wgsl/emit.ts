import { type Buffer, type Index, type Loop, type LoopNest, MOST_LANES, WORKGROUP_BYTES } from "../ir.js";
import { type Part, partsOf, productOf, roundsOf } from "../parts.js";
import { Cells, type Scope } from "./cells.js";
import { StatementWriter } from "./statements.js";
import { type Binding, bindingsOf, type Place, sharedOf } from "./storages.js";

/*
 * A loop nest as a compute shader in WGSL (https://www.w3.org/TR/WGSL/).
 *
 * The outermost loops whose rounds may run at the same time become invocations: each works out from its number which rounds
 * are its own, the innermost loop's counter changing fastest, so that neighbours read neighbouring numbers. A nest with
 * several such loops one after the other has a stretch of invocations for each. All other loops stay loops.
 *
 * Where lanes share memory each round of the loops around them is a workgroup, and every stretch begins with a workgroup of its own.
 */

export interface ShaderOptions {
  placeOf(buffer: Buffer): Place;
  /** How many invocations are started together, unless the nest says it by its lanes. */
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
  /** How many invocations, those that do nothing counted. */
  readonly invocations: number;
}

/** More workgroups than this in one dimension no device need take. */
const MOST_WORKGROUPS = 65535;

/** What the shader calls its own variables. */
const OWN_NAMES = ["id", "index", "invocation", "workgroupNumber", "laneNumber"];

export function emitShader(nest: LoopNest, { placeOf, unlessZero, ...options }: ShaderOptions): Shader {
  const bindings = bindingsOf(nest, placeOf);
  const shared = sharedBy(nest, placeOf);
  const parts = partsOf(nest.body);
  const lanes = lanesOf(nest.name, parts);
  const workgroup = lanes ?? options.workgroup;
  const stretches = stretchesOf(parts, lanes);
  const groups = Math.ceil((stretches.at(-1)?.end ?? 0) / workgroup);
  const rows = Math.ceil(groups / MOST_WORKGROUPS);
  const columns = Math.ceil(groups / rows);
  const cells = new Cells([...bindings, ...shared.bindings], shared.placeOf, OWN_NAMES);
  const writer = new StatementWriter(nest, cells);

  const body: string[] = [];
  const guard = unlessZero && placeOf(unlessZero);
  if (guard) body.push(`  if (${guard.storage.name}[${guard.start}] == 0) { return; }`);
  const row = (width: number) => (rows > 1 ? ` + i32(id.y) * ${width}` : "");
  if (lanes === undefined) body.push(`  let invocation = i32(id.x)${row(columns * workgroup)};`);
  else {
    body.push(`  let workgroupNumber = i32(id.x)${row(columns)};`, "  let laneNumber = i32(index);");
    if (parts.some((part) => part.lanes.length === 0))
      body.push(`  let invocation = workgroupNumber * ${workgroup} + laneNumber;`);
  }
  for (const { part, first, end } of stretches) {
    const isOnly = parts.length === 1;
    const inside = isOnly ? "  " : "    ";
    // whether all lanes of a workgroup come to its barriers shows only where the number of the workgroup decides
    const [number, unit] = part.lanes.length > 0 ? ["workgroupNumber", workgroup] : ["invocation", 1];
    const [from, to] = [first / unit, end / unit];
    if (isOnly) body.push(`  if (${number} >= ${to}) { return; }`);
    else body.push(`  if (${from === 0 ? "" : `${number} >= ${from} && `}${number} < ${to}) {`);
    body.push(
      ...countersOf(part.loops, from === 0 ? number : `(${number} - ${from})`, cells, inside),
      ...countersOf(part.lanes, "laneNumber", cells, inside),
      ...writer.statements(
        part.body,
        [...part.loops, ...part.lanes].map(({ index, count }): Scope => scopeOf(index, count, cells)),
        inside,
      ),
    );
    if (!isOnly) body.push("  }");
  }
  const all = guard ? [...bindings, guardBinding(guard)] : bindings;
  const numbers =
    lanes === undefined
      ? "@builtin(global_invocation_id) id: vec3u"
      : "@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32";
  return {
    name: nest.name,
    code: [
      `// ${nest.name}`,
      ...all.map(declaration),
      ...shared.bindings.map(declarationOfShared),
      "",
      `@compute @workgroup_size(${workgroup})`,
      `fn main(${numbers}) {`,
      ...body,
      "}",
      "",
    ].join("\n"),
    bindings: all,
    workgroups: [columns, rows],
    invocations: columns * rows * workgroup,
  };
}

/** How many lanes each workgroup has; undefined if the nest doesn't say. */
function lanesOf(name: string, parts: readonly Part[]): number | undefined {
  const counts = parts.filter(({ lanes }) => lanes.length > 0).map(({ lanes }) => productOf(lanes));
  const [first] = counts;
  if (counts.some((count) => count !== first || count > MOST_LANES))
    throw new Error(
      `${name}: all workgroups of a shader have the same number of lanes, at most ${MOST_LANES}`,
    );
  return first;
}

/** A part of a nest, and from which invocation to which one it goes. */
interface Stretch {
  readonly part: Part;
  readonly first: number;
  readonly end: number;
}

function stretchesOf(parts: readonly Part[], lanes = 1): Stretch[] {
  let end = 0;
  return parts.map((part) => {
    const first = Math.ceil(end / lanes) * lanes;
    end = first + productOf(part.loops) * productOf(part.lanes);
    return { part, first, end };
  });
}

/** What the lanes of the nest's workgroups share, and where all buffers lie then. */
function sharedBy(nest: LoopNest, placeOf: (buffer: Buffer) => Place) {
  const places = new Map<Buffer, Place>();
  const place = (buffer: Buffer): Place => {
    if (buffer.region !== "workgroup") return placeOf(buffer);
    const { name, size } = buffer;
    const known = places.get(buffer) ?? { storage: { name, size, integers: false }, start: 0 };
    places.set(buffer, known);
    return known;
  };
  const bindings = sharedOf(nest, place);
  const bytes = bindings.reduce((sum, { storage }) => sum + 4 * storage.size, 0);
  if (bytes > WORKGROUP_BYTES)
    throw new Error(`${nest.name}: a workgroup has ${WORKGROUP_BYTES} bytes, not ${bytes}`);
  return { bindings, placeOf: place };
}

const guardBinding = ({ storage }: Place): Binding => ({ storage, element: "number", written: false });

const typeOf = ({ storage, element }: Binding): string => {
  const scalar = storage.integers ? "u32" : "f32";
  return element === "vector" ? `vec4<${scalar}>` : scalar;
};

function declarationOfShared(binding: Binding): string {
  const { name, size } = binding.storage;
  return `var<workgroup> ${name}: array<${typeOf(binding)}, ${binding.element === "vector" ? size / 4 : size}>;`;
}

function declaration(binding: Binding, number: number): string {
  const { storage, written } = binding;
  return `@group(0) @binding(${number}) var<storage, ${written ? "read_write" : "read"}> ${storage.name}: array<${typeOf(binding)}>;`;
}

/** What has one round needs no counter. */
const scopeOf = (index: Index, count: Loop["count"], cells: Cells): Scope =>
  count === 1 ? { index, copy: 0 } : { index, name: cells.nameOf(index) };

/** The counters of loops, from a number that counts the rounds of all. */
function countersOf(loops: readonly Loop[], number: string, cells: Cells, indent: string): string[] {
  const lines: string[] = [];
  let divisor = 1;
  for (const [k, loop] of [...loops].reverse().entries()) {
    const rounds = roundsOf(loop);
    if (rounds === 1) continue;
    const quotient = divisor === 1 ? number : `${number} / ${divisor}`;
    const isOutermost = loops.slice(0, loops.length - 1 - k).every((outer) => outer.count === 1);
    lines.push(
      `${indent}let ${cells.nameOf(loop.index)} = ${isOutermost ? quotient : `${quotient} % ${rounds}`};`,
    );
    divisor *= rounds;
  }
  return lines;
}
