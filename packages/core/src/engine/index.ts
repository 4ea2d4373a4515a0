import { hasRelaxedSimd, hasSimd } from "../compiler/features.js";
import { InputError } from "../errors.js";
import { defineModel, type ModelSpec } from "../model.js";
import { type Init, initialParameters } from "../parameters.js";
import type { NamedTensors } from "../tensor.js";
import type { Engine, EngineName } from "./engine.js";
import { ReferenceEngine } from "./reference.js";
import { checkThreads, WasmEngine } from "./wasm/engine.js";
import { canShareMemory, coreCount } from "./wasm/host.js";

export const engineNames: readonly EngineName[] = ["wasm", "reference"];

export interface EngineOptions {
  /** Default `wasm`: compiled for the network. `reference`: the textbook as it is, much slower. */
  readonly engine?: EngineName;
  /**
   * Of the wasm engine; default: as many as there are cores, or none but the calling thread on pages that can't share
   * memory. 0: none but the calling thread. The results are the same bits with any number.
   */
  readonly threads?: number;
  /** Whether the results must be the same bits on every machine; default: no, because it is faster. */
  readonly strict?: boolean;
  /** Start from these, not from fresh weights. */
  readonly parameters?: NamedTensors;
  /** Of the fresh weights; default 0. */
  readonly seed?: number;
  /** Of the fresh weights; default `he`. */
  readonly init?: Init;
}

/**
 * An engine for a network, with fresh weights or with given ones.
 * @throws InputError if the spec, the seed, the parameters or an option is wrong, or the engine can't run here.
 */
export async function createEngine(spec: ModelSpec, options: EngineOptions = {}): Promise<Engine> {
  const model = defineModel(spec);
  const parameters = options.parameters ?? initialParameters(model, options.seed ?? 0, options.init);
  const { engine = "wasm", threads = canShareMemory() ? coreCount() : 0 } = options;
  if (engine === "reference") return new ReferenceEngine(model, parameters);
  if (engine !== "wasm") {
    throw new InputError(`There is no engine "${engine}"; there are ${engineNames.join(", ")}.`);
  }
  checkThreads(threads);
  if (threads > 0 && !canShareMemory()) {
    throw new InputError("Threads need shared memory, which is not to be had here; use threads: 0.");
  }
  if (!hasSimd()) {
    throw new InputError(
      "This JavaScript engine has no WebAssembly SIMD, which the wasm engine needs; use the reference engine.",
    );
  }
  return new WasmEngine(model, parameters, { threads, strict: options.strict === true || !hasRelaxedSimd() });
}
