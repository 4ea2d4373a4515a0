import { asEvaluated, otherKinds, otherLosses, withUnknownLayer } from "./alternatives.js";
import { type Attempt, countWrong, firstWrong, type Guess, unknownLayers } from "./guesses.js";
import type { Reading } from "./layoutOfArrays.js";
import type { NamedArrays } from "./names.js";
import { sortArrays, statusOf } from "./status.js";

/** No more changes than this are made to a guess. */
const MOST_CHANGES = 12;

/**
 * The guess with layers of other kinds and another loss, as long as that makes fewer arrays wrong: a sigmoid that is called
 * `relu1` is no mistake if everything fits to a sigmoid.
 */
export function refine(attempt: Attempt, read: (guess: Guess) => Reading, named: NamedArrays): Attempt {
  let best = attempt;
  for (let k = 0; k < MOST_CHANGES && best.wrong !== undefined; k++) {
    const better = bestChange(best, read, named);
    if (!better) break;
    best = better;
  }
  return best;
}

function bestChange(
  { guess, reading, wrong = "" }: Attempt,
  read: (guess: Guess) => Reading,
  named: NamedArrays,
): Attempt | undefined {
  const before = sortArrays(reading, reading.run);
  const names = [...reading.network.shapes.keys()];
  let best: Attempt | undefined;
  let fewest = before.wrong.length;
  for (const other of changes(guess, reading, wrong, named, read)) {
    const changed = read(other);
    const gradient = `grad.${changed.network.scores}`;
    const isKept = wrong === "loss" && saysLittle(changed) && isRight(changed, gradient);
    if (isWrong(changed, wrong) && !isKept) continue; // it doesn't explain what is wrong first
    const attempt: Attempt = { guess: other, reading: changed, wrong: firstWrong(changed) };
    const count = countWrong(changed);
    // of those that leave as much wrong, the one that is right for longer: a loss says more than the gradient behind it
    const isLonger = best && names.indexOf(attempt.wrong ?? "") > names.indexOf(best.wrong ?? "");
    const { wrong: stillWrong } = sortArrays(changed, changed.run);
    if (count > fewest || (count === fewest && !isLonger) || spoils(before.right, stillWrong)) continue;
    const isAllThereIs = other.loss !== guess.loss && isRight(changed, gradient) && !showsLoss(changed);
    if (!isKept && !isAllThereIs && !isProven(before.wrong, stillWrong)) continue;
    best = attempt;
    fewest = count;
  }
  return best;
}

/** Whether something that was right on the way forward is wrong now: then it was done in another way. */
const spoils = (right: readonly string[], wrong: readonly string[]) =>
  wrong.some((name) => !/^(grad|new)\./.test(name) && right.includes(name));

const isWrong = (reading: Reading, name: string) =>
  statusOf(reading, reading.run, name).comparison?.agrees === false;
const isRight = (reading: Reading, name: string) =>
  statusOf(reading, reading.run, name).comparison?.agrees === true;

const lossOf = ({ run }: Reading): number => run.given.get("loss")?.tensor.data[0] ?? NaN;

/**
 * Whether the loss alone can't tell which it is: one of logarithms may be kept from infinity by something, or is no number. The
 * gradient of the scores does, which is p - y whatever is done about the logarithms.
 */
function saysLittle(reading: Reading): boolean {
  const yours = lossOf(reading);
  return !Number.isFinite(yours) || (reading.network.loss.kind === "binary" && yours > 0);
}

/** Whether anything but gradients shows which loss it is. */
const showsLoss = (reading: Reading): boolean =>
  Number.isFinite(lossOf(reading)) || reading.run.given.has("probs");

/**
 * Whether what has become right shows that it was done so. A single gradient doesn't: it may be a mistake that looks like
 * the gradient of something else.
 */
function isProven(before: readonly string[], after: readonly string[]): boolean {
  const mended = before.filter((name) => !after.includes(name));
  return mended.length > 1 || mended.some((name) => !/^(grad|new)\./.test(name));
}

function* changes(
  guess: Guess,
  reading: Reading,
  wrong: string,
  named: NamedArrays,
  read: (guess: Guess) => Reading,
): Iterable<Guess> {
  const { candidate } = guess;
  const { network, run } = reading;
  const hidden = run.hiddenSources(wrong);
  const concerned = candidate.layers.flatMap(({ output, inputGradients }, k) =>
    [output, ...inputGradients].some((name) => name === wrong || hidden.has(name)) ? [k] : [],
  );
  const keeps = concerned.some((place) => candidate.layers[place].state.length > 0);
  for (const other of keeps ? asEvaluated(candidate, (name) => run.given.has(name)) : [])
    yield { ...guess, candidate: other };
  for (const other of otherKinds(candidate, reading, concerned)) yield { ...guess, candidate: other };
  const ofLoss = ["probs", "loss", `grad.${network.scores}`];
  if (network.labels && ofLoss.some((name) => name === wrong || hidden.has(name))) {
    for (const [first, ...more] of otherLosses(network.images, network.classes)) {
      const usual: Guess = { ...guess, loss: first, scale: "mean" };
      yield usual;
      const factor = first.factor * factorBetween(read(usual), wrong);
      for (const loss of more) {
        if (!isFarFrom(loss.factor, factor)) yield { ...guess, loss, scale: "mean" };
      }
    }
  }
  for (const name of unknownLayers(named)) {
    for (const other of withUnknownLayer(candidate, name)) yield { ...guess, candidate: other };
  }
}

/**
 * What the person's array is times ours, as far as that can be said, where it is proportional to what the loss is divided
 * by; else NaN.
 */
function factorBetween(reading: Reading, name: string): number {
  if (name !== "loss" && !name.startsWith("grad.")) return NaN;
  const ours = reading.run.expected(name)?.[0];
  const yours = reading.run.given.get(name)?.tensor;
  if (!ours || yours?.data.length !== ours.data.length) return NaN;
  let [product, square] = [0, 0];
  for (let k = 0; k < ours.data.length; k++) {
    product += ours.data[k] * yours.data[k];
    square += ours.data[k] ** 2;
  }
  return product / square;
}

/** Whether numbers that are proportional to one of these can't be right for the other, whatever rounding did. */
const isFarFrom = (factor: number, other: number): boolean =>
  factor > 2 ** 0.75 * other || factor < 2 ** -0.75 * other;
