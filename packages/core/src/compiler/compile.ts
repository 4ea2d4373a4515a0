import { InputError } from "../errors.js";
import { type EmitOptions, emitKernel } from "../ir/emit.js";
import { sizeOf } from "../tensor.js";
import { assembleModule, type DataSegment } from "../wasm/assembler.js";
import type { Plan } from "./plan.js";
import { kernelsOf } from "./stages.js";

/** Pages of memory, 64 KiB each. */
export const PAGE = 65536;

/** As many as WebAssembly's 32-bit addresses reach: 4 GiB. */
export const MOST_PAGES = 65536;

export interface Compiled {
  readonly plan: Plan;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pages: number;
}

/**
 * The plan's kernels as a WebAssembly module for a number of threads.
 * @throws InputError if the memory that they need is more than can be addressed; it names the largest layer
 */
export function compilePlan(plan: Plan, threads: number, shared: boolean, options: EmitOptions): Compiled {
  const { workspaces, workspaceBytes } = plan.memory;
  const pages = Math.ceil((workspaces + threads * workspaceBytes) / PAGE);
  checkMemory(plan, pages, threads);
  const functions = kernelsOf(plan).map(({ kernel }) => emitKernel(kernel, options));
  const data = tableSegments(plan);
  // it takes any memory that is large enough, so that one after the other can have the same
  return { plan, bytes: assembleModule({ pages, maximum: MOST_PAGES, shared }, functions, data), pages };
}

/** A plan's tables, to be put into the memory with the module. */
export function tableSegments({ tables }: Plan): DataSegment[] {
  return tables.map(({ buffer, values }) => ({
    offset: buffer.offset,
    bytes: new Uint8Array(Int32Array.from(values).buffer),
  }));
}

/** @throws InputError that names the largest layer, if so many pages are more than can be addressed */
export function checkMemory(plan: Plan, pages: number, threads: number): void {
  if (pages > MOST_PAGES) throw tooLarge(plan, pages * PAGE, threads);
}

function tooLarge({ model }: Plan, bytes: number, threads: number): InputError {
  const cost = (layer: (typeof model.layers)[number]) =>
    layer.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), sizeOf(layer.outputShape));
  const largest = model.layers.reduce((a, b) => (cost(b) > cost(a) ? b : a));
  return new InputError(
    `${largest.name} is too large: with ${threads} thread${threads === 1 ? "" : "s"} the network needs ${bytes.toLocaleString("en-US")} bytes of memory, more than the 4,294,967,296 that WebAssembly can address; make ${largest.name} smaller or use fewer threads.`,
  );
}
