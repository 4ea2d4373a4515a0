/** The library's public face: everything that runs anywhere. What needs Node's files is in `unravel-cnn/node`. */

export { type Augmenter, type AugmentPlace, augmented, createAugmenter } from "./augment/augmenter.js";
export {
  type Augmentation,
  type AugmentName,
  type AugmentOptions,
  type AugmentSpec,
  augmentCheck,
  augmentKinds,
  augmentNames,
  resolveAugment,
} from "./augment/options.js";
export {
  type AugmentSheet,
  type AugmentSheetOptions,
  augmentSheet,
  describeAugmentation,
} from "./augment/sheet.js";
export * from "./builders.js";
export * from "./builtIn.js";
export * from "./check/index.js";
export { type Convolution, convolutions } from "./compiler/convolution.js";
export * from "./compiler/describe.js";
export { hasRelaxedSimd, hasSimd } from "./compiler/features.js";
export {
  compileForward,
  type ForwardPass,
  type ForwardProgram,
  type PlacedTensor,
} from "./compiler/forward.js";
export {
  type BatchPlanDescription,
  type DescribeShadersOptions,
  describeShaders,
  type ShaderDescription,
} from "./compiler/webgpu/describe.js";
export { loadBatch } from "./data/batch.js";
export { contactSheet, type Sheet, type SheetOptions } from "./data/contactSheet.js";
export {
  checkDataset,
  countOf,
  type DataPair,
  type Dataset,
  firstOf,
  labelsPerImage,
  subset,
} from "./data/dataset.js";
export { type DigitPen, digitPen } from "./data/digits/digits.js";
export { type DrawOptions, drawPair } from "./data/drawnPair.js";
export { type IdxFile, type IdxFiles, parseIdxFiles } from "./data/idxData.js";
export {
  filesOf,
  type IdxLayout,
  type IdxNames,
  type IdxSet,
  idxFileNames,
  idxSets,
  mnistSet,
} from "./data/idxSets.js";
export { type Ink, inkOf } from "./data/ink.js";
export {
  digitFromCleanPicture,
  digitFromPicture,
  inputFromPicture,
  type PictureOptions,
  type PictureTaker,
  type PreparedPicture,
  preparePicture,
  readsHandwriting,
} from "./data/input.js";
export { noise } from "./data/noise.js";
export { checkPicture, checkPictureSize, type Picture, type PixelData, wholeInput } from "./data/picture.js";
export { normalizeDigit } from "./data/preprocess.js";
export { resizePicture } from "./data/resize.js";
export { type DatasetName, datasetNames, type Source, sources } from "./data/sources.js";
export { transposeImages } from "./data/transpose.js";
export type { AutoTraining } from "./engine/auto.js";
export { DivergedError } from "./engine/diverged.js";
export type * from "./engine/engine.js";
export { describeChange } from "./engine/fallback.js";
export { checkFits } from "./engine/fits.js";
export { createEngine, type EngineOptions, type EngineRequest, engineNames } from "./engine/index.js";
export { ReferenceEngine } from "./engine/reference.js";
export type { EngineWorker, StartWorker } from "./engine/wasm/engineWorker.js";
export { borrowWorkers, type LentWorkers, lendWorkers } from "./engine/wasm/lending.js";
export type { Gpu } from "./engine/webgpu/gpu.js";
export { FailureError, InputError, inContext, inFile, show } from "./errors.js";
export { type EvaluationSubject, renderEvaluation } from "./evaluationReport/index.js";
export * from "./explain/index.js";
export { crc32 } from "./formats/crc32.js";
export { half } from "./formats/float16.js";
export { inflate } from "./formats/inflate.js";
export { duplicateKey, hasTooManyValues } from "./formats/json.js";
export {
  formatModel,
  LONGEST_SPEC,
  parseModel,
  parseSpec,
  type ReadModel,
  type SavedModel,
} from "./formats/modelFile.js";
export { formatNpy, type NpyArray, type NumberArray, parseNpy, type WritableArray } from "./formats/npy.js";
export { formatNpz, parseNpz } from "./formats/npz.js";
export { type Colour, encodePng, type Pixels } from "./formats/png.js";
export { type Origin, parseStateDict, type ReadStateDict } from "./formats/stateDict.js";
export {
  formatTraceJson,
  formatTraceNpz,
  parseTraceJson,
  parseTraceNpz,
} from "./formats/traceFile.js";
export { formatZip, type PackedMember, parseZip, type ZipMember } from "./formats/zip.js";
export { fold } from "./graph/fold.js";
export * from "./graph/model.js";
export {
  checkNumbers,
  checkParameters,
  type Init,
  initialParameters,
  inits,
  tensorsOfModel,
} from "./graph/parameters.js";
export { type Fit, fits, type PictureRule, pictureRule } from "./graph/pictures.js";
export { type AnyLayerSpec, layerKinds as textbook } from "./layers/index.js";
export type { ChannelStatistics, Circumstances, LayerSpec, Mode } from "./layers/layer.js";
export type { ClassWeightsSpec } from "./losses/classWeights.js";
export { lossKinds as losses } from "./losses/index.js";
export { classesSaid, classesShown } from "./losses/labels.js";
export { type ClassWeights, type Loss, type LossSpec, meanLoss } from "./losses/loss.js";
export { sigmoids } from "./losses/sigmoids.js";
export { softmax } from "./losses/softmax.js";
export { softmaxCrossEntropy, softmaxCrossEntropyGradient } from "./losses/softmaxCrossEntropy.js";
export { type CompileOptions, type CompileTimes, measureCompile } from "./measure/compile.js";
export { duration } from "./measure/duration.js";
export type { GpuLimits } from "./measure/gpu/gpuLimits.js";
export {
  type GpuKernelProfile,
  type GpuProfile,
  type GpuProfileOptions,
  profileOnGpu,
} from "./measure/gpu/profile.js";
export { type KernelProfile, type ProfileOptions, profileModel } from "./measure/kernels.js";
export { measurePeak, type PeakOptions } from "./measure/peak.js";
export * from "./measure/scaling/index.js";
export {
  computedGflops,
  measureTraining,
  type TrainingSpeed,
  type TrainingSpeedOptions,
  trainingGflops,
} from "./measure/training.js";
export { nearest } from "./nearest.js";
export {
  type OptimizerName,
  type OptimizerOptions,
  type OptimizerSpec,
  optimizerNames,
} from "./optimizers/index.js";
export { learningRateFor, lowerLearningRate } from "./optimizers/learningRate.js";
export { type Decay, decays } from "./optimizers/optimizer.js";
export { type Schedule, schedules } from "./optimizers/schedules.js";
export { type HistorySvgOptions, renderHistorySvg } from "./presentation/historySvg.js";
export { type RateSvgOptions, renderRateSvg } from "./presentation/rateSvg.js";
export type { OptionValue } from "./presentation/trials/axis.js";
export { renderTrialsPage, type TrialsPageOptions, type TrialsTable } from "./presentation/trials/page.js";
export { renderTrialsSvg, type TrialPoint, type TrialsSvgOptions } from "./presentation/trials/svg.js";
export { printable } from "./printable.js";
export { permutation, type RandomStream, randomStream } from "./random.js";
export { contractName, shapesOfTrace } from "./reference/names.js";
export {
  backward,
  EVALUATION,
  forward,
  forwardFrom,
  parameterGradients,
  type Trace,
  type TraceOptions,
  tensorsOf,
  trace,
  withUpdate,
} from "./reference/trace.js";
export * from "./tensor.js";
export type { About, Best, Checkpoint, CheckpointOptions, Every } from "./training/checkpoint.js";
export { formatCheckpoint, parseCheckpoint } from "./training/checkpointFile.js";
export type { Death } from "./training/death.js";
export { type EvaluateOptions, evaluate, type Prediction, predict } from "./training/evaluate.js";
export { type FindRateOptions, findRate, type RateTest, type RateTrial } from "./training/findRate.js";
export { type FitOptions, fit, type Keep, keeps } from "./training/fit.js";
export type { EpochRecord, History, ProgressEvent } from "./training/history.js";
export { type Answers, type Evaluation, measure as evaluateLogits } from "./training/metrics.js";
export { checkTrace } from "./training/overflow.js";
export {
  answerQualities,
  type CalibrationGroup,
  type ClassQuality,
  classQualities,
  type Mistake,
  type ScoreSummary,
  ScoreTally,
} from "./training/quality.js";
export { fitDefaults, type TrainingSettings } from "./training/settings.js";
export { type Split, splitValidation } from "./training/split.js";
export { imagesPerEpoch, Training, type TrainingState } from "./training/training.js";
