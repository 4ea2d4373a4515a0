import type { ModelSpec } from "../graph/model.js";
import type { Shape } from "../tensor.js";

/** What was found in somebody's arrays. */
export interface CheckReport {
  /** Whether every array that could be checked is right. */
  readonly agrees: boolean;
  /** The first array that is wrong, in the order of the computation, given the person's own earlier values. */
  readonly first: string | null;
  /** Every array of the computation, in its order. */
  readonly arrays: readonly CheckedArray[];
  /** What was done another way than here, and just as well. */
  readonly conventions: readonly FoundConvention[];
  /** Each mistake once, in the order of the computation. */
  readonly mistakes: readonly FoundMistake[];
  /** The network that was given, or worked out from the shapes. */
  readonly model: ModelSpec;
  /** Each of its layers in a few words: `conv 3x3 (3 filters)`. */
  readonly layers: readonly string[];
  /** Images in the batch. */
  readonly images: number;
  /** What each array was taken for, by its name in the file: `conv1_weight` is `conv1.weight`. */
  readonly names: Readonly<Record<string, string>>;
  /** Names in the file that are none of the contract's. */
  readonly unknownNames: readonly string[];
  /** What comes before everything else, in a sentence: there are gradients, but no name of theirs is known. Else null. */
  readonly problem: string | null;
  /** Arrays that are given, but can't be judged: behind what is not finite, or around layers that aren't known. */
  readonly notJudged: readonly string[];
  /** Whatever else is to be said, in sentences: such as that a layer is not known. */
  readonly notes: readonly string[];
}

/** What the check says of one array. */
export interface CheckedArray {
  /** The contract name. */
  readonly name: string;
  /** `not given` also where something that the array is computed from is neither given nor can be computed. */
  readonly status: "agrees" | "differs" | "not given";
  /** The largest difference divided by the largest value that is right; null if not given or not finite. */
  readonly maxRelativeError: number | null;
  /** Where the difference is largest, for arrays that differ and have the right shape. */
  readonly worst?: Difference;
  /** The person's shape and the right one, for arrays whose shape can't be the right one in any order. */
  readonly shapes?: { readonly yours: Shape; readonly right: Shape };
}

/** One cell of an array. */
export interface Difference {
  /** In the order of the person's own dimensions. */
  readonly index: readonly number[];
  readonly yours: number;
  readonly right: number;
}

/** A convention that the given arrays follow and the textbook doesn't, which is no mistake. */
export interface FoundConvention {
  /** `dense-weights-in-out`, `summed-loss`, ... */
  readonly name: string;
  /** The names of the arrays that show it. */
  readonly arrays: readonly string[];
  /** A sentence. */
  readonly what: string;
}

/** The mistake that explains what differs. */
export interface FoundMistake {
  /** `kernel-flipped-forward`, `batch-mean-left-out`, ...; `unknown` if none of the known ones explains the numbers. */
  readonly name: string;
  /** The first array that shows it. */
  readonly array: string;
  /** One sentence: why it is wrong. */
  readonly why: string;
  /** The right lines of NumPy; for an unknown mistake, what to look at. */
  readonly fix: string;
  /** All arrays that it makes wrong. */
  readonly arrays: readonly string[];
  /** Other mistakes that would give the same numbers here. */
  readonly alternatives: readonly string[];
}

/** The report as `unravel check --json` prints it. */
export function checkAsJson(report: CheckReport) {
  const { agrees, first, arrays, conventions, mistakes, problem, notJudged, notes, unknownNames } = report;
  return {
    agrees,
    first,
    arrays: arrays.map(({ name, status, maxRelativeError }) => ({ name, status, maxRelativeError })),
    conventions: conventions.map(({ name, arrays }) => ({ name, arrays })),
    mistakes: mistakes.map(({ name, array, why, fix }) => ({ name, array, why, fix })),
    ...(problem !== null && { problem }),
    ...(notJudged.length > 0 && { notJudged }),
    ...(notes.length > 0 && { notes }),
    ...(unknownNames.length > 0 && { unknownNames }),
  };
}
