/**
 * What training needs and nothing else, as `unravel-cnn/training`: loading it takes a third of the time that all of
 * `unravel-cnn` takes, which has the same things and shares them with it.
 */

export * from "../builders.js";
export { type Convolution, convolutions } from "../compiler/convolution.js";
export { hasRelaxedSimd, hasSimd } from "../compiler/features.js";
export { type Dataset, firstOf, subset } from "../data/dataset.js";
export { noise } from "../data/noise.js";
export type { AutoTraining } from "../engine/auto.js";
export { DivergedError } from "../engine/diverged.js";
export type * from "../engine/engine.js";
export { describeChange } from "../engine/fallback.js";
export { createEngine, type EngineOptions, type EngineRequest, engineNames } from "../engine/index.js";
export type { EngineWorker, StartWorker } from "../engine/wasm/engineWorker.js";
export { borrowWorkers, type LentWorkers, lendWorkers } from "../engine/wasm/lending.js";
export { FailureError, InputError } from "../errors.js";
export * from "../graph/model.js";
export { type Init, initialParameters } from "../graph/parameters.js";
export { type CompileOptions, type CompileTimes, measureCompile } from "../measure/compile.js";
export { nearest } from "../nearest.js";
export type { OptimizerOptions, OptimizerSpec } from "../optimizers/index.js";
export type { Death } from "./death.js";
export { evaluate, type Prediction, predict } from "./evaluate.js";
export { type FitOptions, fit, type Keep, keeps } from "./fit.js";
export type { EpochRecord, History, ProgressEvent } from "./history.js";
