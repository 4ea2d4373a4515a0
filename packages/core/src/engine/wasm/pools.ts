import { compilePlan } from "../../compiler/compile.js";
import type { Plan } from "../../compiler/plan.js";
import type { EmitOptions } from "../../ir/emit.js";
import { mayCompile } from "../../nodeModules.js";
import type { StartWorker } from "./engineWorker.js";
import { canShareMemory, startOwnWorker } from "./host.js";
import { LocalPool } from "./localPool.js";
import type { Code, Pool } from "./pool.js";
import { RemotePool } from "./remotePool.js";
import { SharedPool } from "./sharedPool.js";

/** @param threads 0: none but the calling one */
export function createPool(threads: number, startWorker: StartWorker = startOwnWorker): Pool {
  if (threads === 0) return new LocalPool();
  return canShareMemory() ? new SharedPool(threads, startWorker) : new RemotePool(startWorker);
}

/** A plan as a pool needs it. */
export async function compileFor({ threads, shared }: Pool, plan: Plan, options: EmitOptions): Promise<Code> {
  const { bytes, pages } = compilePlan(plan, threads, shared, options);
  // in the background it would wait for a core, which the starting workers have
  return { module: mayCompile() ? new WebAssembly.Module(bytes) : await WebAssembly.compile(bytes), pages };
}
