import { type Cell, indexAt } from "../cell.js";
import { FailureError, InputError } from "../errors.js";
import { listening } from "../listening.js";
import { abortSignal, type Checks, callback, checkOptions, SEED, wholeOrAll } from "../options.js";
import { largestSize } from "../presentation/numbers.js";
import { permutation, randomStream } from "../random.js";
import type { Trace } from "../reference/trace.js";
import { dtypeOf } from "../tensor.js";
import type { Difference } from "./difference.js";
import { namesAroundLoss } from "./place.js";
import { layerProbes, lossProbes, networkProbes, type Probe } from "./probes.js";

/*
 * Are the gradients right? Each is compared with the slope that is measured by moving the number, twice over: along the
 * whole network, from the number to the loss; and for each layer alone, on random numbers, so that one mistake is found
 * where it is and not in all layers before it.
 */

/** On what gradients are measured, and how many of them. */
export interface GradcheckOptions {
  /**
   * How many cells of a tensor are moved at most: the one with the largest gradient and others at random. Default 32, and
   * less for networks so large that it would take long.
   */
  readonly cells?: number;
  /** Of the choice of cells. Default 0. */
  readonly seed?: number;
  /** Aborts it; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Hears how many of all cells are done. What it throws, or rejects with, ends the check. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

const gradcheckChecks: Checks<GradcheckOptions> = {
  cells: wholeOrAll(1),
  seed: SEED,
  signal: abortSignal,
  onProgress: callback,
};

/** `not judged`: every cell that was moved lies on a kink. */
export type Verdict = "agrees" | "differs" | "not judged";

/** What comes of comparing gradients with measured slopes. */
export interface Gradcheck {
  /** Whether nothing differs. */
  readonly agrees: boolean;
  /** The gradients of the loss with respect to `x` and each parameter. */
  readonly tensors: readonly TensorCheck[];
  /** Each layer alone, in order, and last the `loss`: softmax with cross-entropy. */
  readonly layers: readonly LayerCheck[];
}

/** What comes of one layer alone. */
export interface LayerCheck {
  readonly layer: string;
  readonly verdict: Verdict;
  /** The gradients of its input and of its parameters. */
  readonly tensors: readonly TensorCheck[];
}

/** What comes of one tensor. */
export interface TensorCheck {
  /** What was moved: `x`, `conv1.weight`, `relu1.out`. */
  readonly tensor: string;
  readonly verdict: Verdict;
  /** How many numbers it holds, and how many of them were moved. */
  readonly cells: number;
  readonly checked: number;
  /** How many of these differ. */
  readonly wrong: number;
  /** How many lie on a kink, where there is no slope to compare with, and one of them. */
  readonly kinks: number;
  readonly kink?: { readonly cell: Cell; readonly unit: Cell };
  /** The cell with the largest error. */
  readonly worst?: CellCheck;
}

/** One number's gradient, and the slope that was measured. */
export interface CellCheck {
  readonly cell: Cell;
  /** As it was computed. */
  readonly gradient: number;
  /** As it was measured. */
  readonly measured: number;
  /**
   * How far apart they are, relative to the larger of the two. Numbers a thousand times smaller than the tensor's largest
   * gradient count as being so large; what rounding alone can do is taken into account.
   */
  readonly error: number;
}

/** Errors below it are those of the measurement: a mistake in a formula makes far larger ones. */
export const GRADCHECK_TOLERANCE = 1e-5;

/**
 * Compares the gradients of a trace with measured ones.
 * @param step in float64, as measured slopes need it
 * @throws InputError if it is in float32; FailureError if gradients differ, but the scores are too large to measure slopes
 */
export async function gradcheck(step: Trace, options: GradcheckOptions = {}): Promise<Gradcheck> {
  checkOptions("The check of gradients", options, gradcheckChecks);
  if (dtypeOf(step.tensors.x) !== "float64") {
    throw new InputError(
      "Gradients can be checked in float64 only: give copies of x and the parameters in float64 to the trace.",
    );
  }
  return listening(options, (listeners) => compareAll(step, { ...options, ...listeners }));
}

async function compareAll(step: Trace, options: GradcheckOptions): Promise<Gradcheck> {
  const { cells = affordableCells(step), seed = 0 } = options;
  const whole = chosen(networkProbes(step), cells, seed);
  const alone = [
    ...step.model.layers.map((layer) => ({
      layer: layer.name,
      probes: chosen(layerProbes(step, layer, seed), cells, seed),
    })),
    { layer: "loss", probes: chosen(lossProbes(step), cells, seed) },
  ];
  const all = [whole, ...alone.map(({ probes }) => probes)].flat();
  const tick = ticker(
    all.reduce((sum, { offsets }) => sum + offsets.length, 0),
    options,
  );

  const checkAll = async (probes: readonly Chosen[]) => {
    const checks: TensorCheck[] = [];
    for (const probe of probes) checks.push(await checkTensor(probe, tick));
    return checks;
  };
  const tensors = await checkAll(whole);
  const layers: LayerCheck[] = [];
  for (const { layer, probes } of alone) {
    const own = await checkAll(probes);
    layers.push({ layer, verdict: verdictOf(own), tensors: own });
  }
  const agrees = [...tensors, ...layers].every(({ verdict }) => verdict !== "differs");
  if (!agrees) checkMeasurable(step);
  return { agrees, tensors, layers };
}

/**
 * A number is moved by a part of itself. The loss bends where scores are less than about 1 apart, so of scores so large that
 * their own steps are larger than that, no slope can be told.
 */
function checkMeasurable({ model, tensors }: Trace): void {
  const scores = largestSize(tensors[namesAroundLoss(model)("logits")].data);
  if (scores <= LARGEST_SCORE) return;
  throw new FailureError(
    `The gradients can't be checked: the scores are as large as ${scores.toPrecision(2)}, and beyond ${LARGEST_SCORE} the steps by which slopes of the loss are measured are too long; give the network smaller weights.`,
  );
}

const LARGEST_SCORE = 1e5;

/** How many cells of each tensor are moved by default: as many as take a moment, but not too few. */
function affordableCells({ model, tensors }: Trace): number {
  let [onwards, perCell] = [0, 0];
  for (const { multiplyAdds, parameters } of [...model.layers].reverse()) {
    onwards += multiplyAdds.forward;
    // once for each parameter along the rest of the network; and for each, and the input, along the layer alone
    perCell += parameters.length * onwards + (1 + parameters.length) * multiplyAdds.forward;
  }
  perCell += onwards; // x
  const twice = 2 * tensors.x.shape[0] * perCell;
  return Math.max(FEWEST_CELLS, Math.min(MOST_CELLS, Math.floor(BUDGET / twice)));
}

const FEWEST_CELLS = 4;
const MOST_CELLS = 32;

/** Multiply-adds. The textbook does about a hundred million in a second, so this is a quarter of a minute. */
const BUDGET = 1.5e9;

/** A probe and the cells that are moved. */
interface Chosen {
  readonly probe: Probe;
  readonly offsets: readonly number[];
}

function chosen(probes: readonly Probe[], cells: number, seed: number): Chosen[] {
  return probes.map((probe) => {
    const size = probe.gradient.length;
    if (size <= cells) return { probe, offsets: Array.from({ length: size }, (_, k) => k) };
    const order = permutation(size, randomStream(seed, `gradcheck/${probe.tensor}`));
    const others = order.subarray(0, cells).filter((offset) => offset !== largestAt(probe.gradient));
    return { probe, offsets: [largestAt(probe.gradient), ...others.subarray(0, cells - 1)] };
  });
}

function largestAt(values: ArrayLike<number>): number {
  let at = 0;
  for (let k = 1; k < values.length; k++) if (Math.abs(values[k]) > Math.abs(values[at])) at = k;
  return at;
}

async function checkTensor({ probe, offsets }: Chosen, tick: () => Promise<void>): Promise<TensorCheck> {
  const { tensor, shape, gradient } = probe;
  const largest = Math.abs(gradient[largestAt(gradient)]);
  let [wrong, kinks] = [0, 0];
  let kink: TensorCheck["kink"];
  let worst: CellCheck | undefined;
  for (const offset of offsets) {
    await tick();
    const cell: Cell = { tensor, index: indexAt(shape, offset) };
    const claimed = gradient[offset];
    const { slope, kink: unit, error } = judged(probe, offset, claimed, largest / 1000);
    if (unit !== undefined) {
      kinks += 1;
      kink ??= { cell, unit };
      continue;
    }
    if (!(error <= GRADCHECK_TOLERANCE)) wrong += 1;
    if (worst === undefined || !(error <= worst.error))
      worst = { cell, gradient: claimed, measured: slope, error };
  }
  const measured = offsets.length - kinks;
  return {
    tensor,
    verdict: wrong > 0 ? "differs" : measured > 0 ? "agrees" : "not judged",
    cells: gradient.length,
    checked: offsets.length,
    wrong,
    kinks,
    ...(kink && { kink }),
    ...(worst && { worst }),
  };
}

/**
 * The slope along a number, and how far it is from what is claimed. Where they differ, and a shorter step shows that the
 * function bends on the way (as batch normalisation does where a channel's numbers hardly differ), the shorter one counts: less
 * what the bend, which grows as the square of the step, still makes of it.
 */
function judged(
  probe: Probe,
  offset: number,
  claimed: number,
  floor: number,
): Difference<Cell> & { readonly error: number } {
  const noiseOf = (step: number) => (ROUNDINGS * Number.EPSILON * probe.size) / step;
  const errorOf = (a: number, b: number, noise: number) =>
    a === b ? 0 : Math.abs(a - b) / (Math.max(Math.abs(a), Math.abs(b), floor) + noise / GRADCHECK_TOLERANCE);
  let measured = probe.measure(offset);
  let { slope } = measured;
  let bend = 0;
  for (;;) {
    // of the bend, what is left is a small part of what was taken away
    const error = errorOf(claimed, slope, noiseOf(measured.step) + Math.abs(bend) / 16);
    if (error <= GRADCHECK_TOLERANCE || measured.kink !== undefined) return { ...measured, slope, error };
    const finer = probe.measure(offset, measured.step);
    const bends = errorOf(finer.slope, measured.slope, noiseOf(finer.step)) > GRADCHECK_TOLERANCE;
    if (!bends || finer.kink !== undefined || finer.step >= measured.step) {
      return { ...measured, slope, error };
    }
    bend = (finer.slope - measured.slope) / ((measured.step / finer.step) ** 2 - 1);
    slope = finer.slope + bend;
    measured = finer;
  }
}

/** How many roundings of the function's size its two values may be off by. */
const ROUNDINGS = 64;

function verdictOf(checks: readonly TensorCheck[]): Verdict {
  if (checks.some(({ verdict }) => verdict === "differs")) return "differs";
  return checks.some(({ verdict }) => verdict === "agrees") ? "agrees" : "not judged";
}

/** Counts cells, and lets others have a turn now and then: a signal, a page that draws. */
function ticker(total: number, { signal, onProgress }: GradcheckOptions): () => Promise<void> {
  let done = 0;
  let last = performance.now();
  return async () => {
    signal?.throwIfAborted();
    onProgress?.(done++, total);
    if (performance.now() - last < TURN_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    last = performance.now();
    signal?.throwIfAborted();
  };
}

const TURN_MS = 50;
