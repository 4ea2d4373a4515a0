import { defineModel, type ModelSpec } from "../model.js";
import { type Init, initialParameters } from "../parameters.js";
import type { NamedTensors } from "../tensor.js";
import type { Engine } from "./engine.js";
import { ReferenceEngine } from "./reference.js";

export interface EngineOptions {
  /** Start from these, not from fresh weights. */
  readonly parameters?: NamedTensors;
  /** Of the fresh weights; default 0. */
  readonly seed?: number;
  /** Of the fresh weights; default `he`. */
  readonly init?: Init;
}

/**
 * An engine for a network, with fresh weights or with given ones.
 * @throws InputError if the spec, the seed or the parameters are wrong.
 */
export async function createEngine(spec: ModelSpec, options: EngineOptions = {}): Promise<Engine> {
  const model = defineModel(spec);
  const parameters = options.parameters ?? initialParameters(model, options.seed ?? 0, options.init);
  return new ReferenceEngine(model, parameters);
}
