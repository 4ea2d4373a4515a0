/** Where every number comes from. */

export { type Cell, cellAddress, checkCell, indexAt, offsetOf, parseCell } from "../cell.js";
export type { Account, Factor, Rule, Term } from "../layers/explain/explanation.js";
export {
  colourIndex,
  gradientThrough,
  ramp,
  type Scale,
  type ScaleKind,
  scaleFor,
  signedScaleFor,
  strength,
} from "../presentation/colours.js";
export { formulaOf } from "../presentation/formulas.js";
export { listed, takenBy, takersOf } from "../presentation/graph.js";
export {
  counted,
  fixed,
  formatFor,
  formatThatAdds,
  type NumberFormat,
  percent,
  powerOf,
  powerOfTen,
  short,
  whole,
} from "../presentation/numbers.js";
export { linesThatAdd, type Sum, type SumInShort, type SumLine, sumInShort } from "../presentation/sums.js";
export { channelStatistics } from "./channelStatistics.js";
export { contributesTo } from "./contributesTo.js";
export { type Explanation, explain, type Way } from "./explain.js";
export { type FiniteDifference, finiteDifference, finiteDifferences } from "./finiteDifference.js";
export { followedCells } from "./followed.js";
export {
  type CellCheck,
  GRADCHECK_TOLERANCE,
  type Gradcheck,
  type GradcheckOptions,
  gradcheck,
  type LayerCheck,
  type TensorCheck,
  type Verdict,
} from "./gradcheck.js";
export { type Outcome, outcomeOf } from "./outcome.js";
export { type ReportSubject, renderReport } from "./report/index.js";
export { type TraceImageOptions, traceImage } from "./traceImage.js";
