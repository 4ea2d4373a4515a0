import type { Engine } from "../../src/engine/engine.js";
import { createEngine, type EngineOptions } from "../../src/engine/index.js";
import type { ModelSpec } from "../../src/graph/model.js";

/** The engine for tests of what is the same whichever engine computes: it needs no build and starts no threads. */
export function createReferenceEngine(spec: ModelSpec, options: EngineOptions = {}): Promise<Engine> {
  return createEngine(spec, { ...options, engine: "reference" });
}
