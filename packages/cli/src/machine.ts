import { availableParallelism, cpus, loadavg } from "node:os";
import { hasRelaxedSimd } from "unravel-cnn";

/** What the figures depend on. */
export interface Machine {
  readonly cpu: string;
  /** As many threads as can run at the same time. */
  readonly cores: number;
  readonly node: string;
  readonly v8: string;
  /** Whether multiply-add can be one instruction. */
  readonly relaxed: boolean;
  /** How many threads wanted to run in the last minute, before anything was measured; 0 where that isn't known. */
  readonly load: number;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() || process.arch,
    cores: availableParallelism(),
    node: process.version,
    v8: process.versions.v8,
    relaxed: hasRelaxedSimd(),
    load: loadavg()[0],
  };
}
