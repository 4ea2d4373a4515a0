export { chartOf, labelledValues, type ScalingChart } from "./chart.js";
export { concludeScaling, onLine, type ScalingConclusion } from "./conclusion.js";
export { networkFor } from "./network.js";
export { renderScalingSvg, type ScalingSvgOptions } from "./svg.js";
export {
  type EpochSettings,
  measureScaling,
  type ScalingOptions,
  type ScalingPoint,
  type Sweep,
  sweeps,
} from "./sweep.js";
export { type ScalingVerdict, scalingVerdict } from "./verdict.js";
export { nounOf, scalingInWords, wrapWords } from "./words.js";
