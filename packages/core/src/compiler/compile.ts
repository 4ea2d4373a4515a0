import { type EmitOptions, emitKernel } from "./emit.js";
import type { Plan } from "./plan.js";
import { assembleModule } from "./wasm/assembler.js";

/** Pages of memory, 64 KiB each. */
const PAGE = 65536;

export interface Compiled {
  readonly plan: Plan;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pages: number;
}

/** The plan's kernels as a WebAssembly module for a number of threads. */
export function compilePlan(plan: Plan, threads: number, shared: boolean, options: EmitOptions): Compiled {
  const { workspaces, workspaceBytes } = plan.memory;
  const pages = Math.ceil((workspaces + threads * workspaceBytes) / PAGE);
  const kernels = [...plan.forward, ...plan.backward, plan.reduce, plan.update].filter(
    (kernel) => kernel !== undefined,
  );
  const functions = kernels.map((kernel) => emitKernel(kernel, options));
  return { plan, bytes: assembleModule({ pages, maximum: pages, shared }, functions), pages };
}
