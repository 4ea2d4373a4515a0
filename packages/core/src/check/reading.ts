import { InputError } from "../errors.js";
import type { Model } from "../graph/model.js";
import { formatShape, sizeOf } from "../tensor.js";
import { type Candidate, inferCandidates } from "./candidates.js";
import {
  type Attempt,
  countWrong,
  firstWrong,
  type Guess,
  ordersOf,
  readerOf,
  usualGuess,
  usualOrder,
} from "./guesses.js";
import { imagesReadings, labelCounts } from "./images.js";
import type { Reading } from "./layoutOfArrays.js";
import { type AxisOrder, fittingOrders } from "./layouts.js";
import type { NamedArrays } from "./names.js";
import { type GradientScale, resolveLayers, writesOneRow } from "./network.js";
import { refine } from "./refine.js";
import { sortArrays } from "./status.js";

/*
 * What is what? The network, the order of the dimensions, the order of flatten and the scale of the gradients are
 * sometimes given by the shapes, and sometimes not. Then the numbers decide: the reading in which most arrays are right.
 */

/**
 * The readings in which most arrays are right, the best first; only that one if all are right in it.
 * @throws InputError if no network fits
 */
export function findReadings(named: NamedArrays, model: Model | undefined): Reading[] {
  const candidates = model ? givenCandidates(named, model) : inferCandidates(named);
  const read = readerOf(named);
  const failed: Attempt[] = [];
  for (const candidate of candidates) {
    const guess = usualGuess(candidate, model?.loss.type);
    const reading = read(guess);
    const wrong = firstWrong(reading);
    if (wrong === undefined) return [reading];
    failed.push({ guess, reading, wrong });
  }
  const promising = mostPromising(failed);
  const likely = promising.slice(0, MOST_REFINED);
  const inOtherOrder = readInOtherOrder(likely, read);
  if (inOtherOrder) return [inOtherOrder];
  // Something is wrong in every reading. Those that are right for longest are looked at with other kinds of layers and
  // losses, and rated by how much is wrong: first the network, then the order of flatten, then the scale.
  const refined: Attempt[] = [];
  for (const [k, attempt] of promising.slice(0, MOST_RATED).entries()) {
    const isLikely = k < MOST_REFINED || (k < 2 * MOST_REFINED && isInTheDark(attempt));
    const one = isLikely ? refine(attempt, read, named) : attempt;
    if (one.wrong === undefined) return [one.reading];
    refined.push(one);
  }
  const others = failed.slice(0, MOST_GUESSED).filter((attempt) => !likely.includes(attempt));
  const other = readInOtherOrder([...refined.slice(0, MOST_REFINED), ...others], read);
  if (other) return [other];
  const rated = (guess: Guess) => {
    const reading = read(guess);
    return { guess, reading, score: countWrong(reading) + COST_OF_UNUSUAL * guess.candidate.cost };
  };
  const rate = (list: readonly Guess[]) => list.map(rated).sort((a, b) => a.score - b.score);
  const networks = rate(refined.map(({ guess }) => guess));
  const [{ guess: first }] = networks;
  const orders = rate(
    ordersOf(first.candidate)
      .filter((flatten) => flatten !== first.flatten)
      .map((flatten) => ({ ...first, flatten })),
  );
  const [{ guess: second }] = [...networks.slice(0, 1), ...orders].sort((a, b) => a.score - b.score);
  const scales = rate(possibleScales(read(second)).map((scale) => ({ ...second, scale })));
  const [best] = [...networks.slice(0, 1), ...orders, ...scales].sort((a, b) => a.score - b.score);
  return [best, ...networks.slice(1)]
    .sort((a, b) => a.score - b.score)
    .slice(0, MOST_READINGS)
    .map(({ reading }) => reading);
}

/** Whether nothing between the images and what is wrong is given, so that it says little which network is right for longest. */
const isInTheDark = ({ reading: { network, run }, wrong = "" }: Attempt): boolean =>
  network.layers.filter(({ output }) => run.hiddenSources(wrong).has(output)).length ===
  network.layers.length;

/** The first reading with another order of flatten or another scale in which nothing is wrong. */
function readInOtherOrder(
  attempts: readonly Attempt[],
  read: (guess: Guess) => Reading,
): Reading | undefined {
  let left = MOST_READ;
  for (const attempt of attempts) {
    for (const guess of otherGuesses(attempt)) {
      if (left-- === 0) return undefined;
      const reading = read(guess);
      if (firstWrong(reading) === undefined) return reading;
    }
  }
  return undefined;
}

/** Those that are right for longest first; of each network first the usual order of its weights: many orders of one must not hide another one. */
function mostPromising(failed: readonly Attempt[]): Attempt[] {
  const position = new Map([...failed[0].reading.network.shapes.keys()].map((name, k) => [name, k]));
  const reach = ({ wrong }: Attempt) => position.get(wrong ?? "") ?? 0;
  const seen = new Map<string, number>();
  const variant = new Map(
    failed.map(({ guess: { candidate } }) => {
      const key = JSON.stringify(candidate.spec);
      seen.set(key, (seen.get(key) ?? -1) + 1);
      return [candidate, seen.get(key) ?? 0];
    }),
  );
  const unusual = ({ guess: { candidate } }: Attempt) => candidate.cost + 3 * (variant.get(candidate) ?? 0);
  return [...failed].sort((a, b) => reach(b) - reach(a) || unusual(a) - unusual(b));
}

/** Other orders of flatten and other scales, where what is wrong first can be due to them. */
function* otherGuesses({ guess, reading: { network, run, raw }, wrong = "" }: Attempt): Iterable<Guess> {
  const { candidate } = guess;
  const flatten = candidate.layers.find(writesOneRow)?.output;
  const names = [...network.shapes.keys()];
  const behind = flatten !== undefined && names.indexOf(wrong) >= names.indexOf(flatten);
  const known = flatten !== undefined && flatten !== wrong && run.given.has(flatten) && raw.has(flatten);
  const scaled = network.images > 1 && (wrong === "loss" || wrong.startsWith("grad."));
  const scales: GradientScale[] = scaled || (behind && !known) ? ["mean", "sum", "parameters"] : ["mean"];
  for (const order of behind && !known ? ordersOf(candidate) : [usualOrder(candidate)]) {
    for (const scale of scales) {
      if (order !== usualOrder(candidate) || scale !== "mean") yield { ...guess, flatten: order, scale };
    }
  }
}

/** Of so many networks other orders of flatten and other scales are tried. */
const MOST_GUESSED = 40;
const MOST_RATED = 12;
/** So often a file is read in other orders and scales. */
const MOST_READ = 700;
/** Of so many, other kinds of layers. */
const MOST_REFINED = 3;

/** How many wrong arrays weigh as much as one unusual step in a network: a mistake must not pass for another network. */
const COST_OF_UNUSUAL = 0.5;

/** So many readings are looked at again if the best one leaves something unexplained. */
const MOST_READINGS = 4;

/** Gradients of the summed loss are right only if the loss, if it is given, is not the mean. */
function possibleScales(reading: Reading): GradientScale[] {
  const { network, run } = reading;
  if (network.images === 1 || network.loss.kind !== "crossEntropy") return [];
  const lossIsMean = sortArrays(reading, run).right.includes("loss");
  return lossIsMean ? ["parameters"] : ["sum", "parameters"];
}

/** So many ways to read the weights are looked at one by one. */
const MOST_ORDERS = 1024;

/** Every way to read all weights; where these are too many, only those in which each is read alike. */
function ordersTogether(
  fittingOf: ReadonlyMap<string, readonly AxisOrder[]>,
): ReadonlyMap<string, AxisOrder>[] {
  const each = [...fittingOf];
  const ways = each.reduce((product, [, fitting]) => product * fitting.length, 1);
  if (ways > MOST_ORDERS) {
    const most = each.reduce((most, [, { length }]) => Math.max(most, length), 0);
    const alike = (k: number) =>
      new Map(each.map(([name, fitting]) => [name, fitting[Math.min(k, fitting.length - 1)]]));
    return Array.from({ length: most }, (_, k) => alike(k));
  }
  return each.reduce<ReadonlyMap<string, AxisOrder>[]>(
    (orders, [name, fitting]) =>
      orders.flatMap((known) => fitting.map((order) => new Map([...known, [name, order]]))),
    [new Map()],
  );
}

/** The given network, with every way to read the inputs. */
function givenCandidates({ arrays }: NamedArrays, { spec, inputShape, classes }: Model): Candidate[] {
  const layers = resolveLayers(spec.layers, inputShape);
  const fittingOf = new Map<string, AxisOrder[]>();
  for (const { name, shape } of layers.flatMap(({ parameters }) => parameters)) {
    const array = arrays.get(name) ?? arrays.get(`grad.${name}`) ?? arrays.get(`new.${name}`);
    if (!array) continue;
    const fitting = fittingOrders(name, shape, array.shape);
    if (fitting.length === 0 && arrays.has(name)) {
      throw new InputError(
        `${name} has shape ${formatShape(array.shape)}, but in the given network it has ${formatShape(shape)}; give the network that made the arrays.`,
      );
    }
    if (name.endsWith(".weight") && fitting.length > 0) fittingOf.set(name, fitting);
  }
  const orders = ordersTogether(fittingOf);
  const x = arrays.get("x") ?? arrays.get("grad.x");
  const counts = labelCounts(arrays.get("y"), [classes.length]);
  const readings = x
    ? imagesReadings(x.shape, inputShape[0], [sizeOf(x.shape) / sizeOf(inputShape)]).filter(
        ({ shape }) => shape.join() === inputShape.join(),
      )
    : (counts ?? [1]).map((images) => ({ images, shape: inputShape, order: [0, 1, 2, 3] }));
  if (readings.length === 0) {
    throw new InputError(
      `x has shape ${formatShape(x?.shape ?? [])}, but the given network takes images of ${formatShape(inputShape)}; give the network that made the arrays.`,
    );
  }
  return readings.flatMap(({ images, order }) =>
    orders.map((known) => ({ spec, layers, images, orders: new Map([...known, ["x", order]]), cost: 0 })),
  );
}
