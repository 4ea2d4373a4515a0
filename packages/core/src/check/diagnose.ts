import { indexAt } from "../cell.js";
import type { Reading } from "./layoutOfArrays.js";
import { placesOf } from "./layouts.js";
import { describeUnknown } from "./look.js";
import { lastRowLeftOut } from "./mistakes/edges.js";
import { mistakes } from "./mistakes/index.js";
import type { Mistake } from "./mistakes/mistake.js";
import { causeOf, notFinite } from "./mistakes/notFinite.js";
import type { CheckedArray, CheckReport, Difference, FoundMistake } from "./report.js";
import type { Run, Variation } from "./run.js";
import { sortArrays, statusOf } from "./status.js";
import { total, type Value } from "./value.js";

/** A way to make a mistake in this network. */
interface Suspect {
  readonly mistake: Mistake;
  /** Its place among the mistakes: the smaller, the more usual. */
  readonly rank: number;
  readonly variation: Variation;
}

/** What explains an array. */
interface Explanation {
  readonly suspects: readonly Suspect[];
  readonly run: Run;
  /** How many arrays are explained that weren't before. */
  readonly gain: number;
  readonly alternatives: readonly string[];
}

/** The part of a report that follows from the numbers. */
export type Diagnosis = Pick<
  CheckReport,
  "agrees" | "first" | "arrays" | "conventions" | "mistakes" | "notJudged"
>;

/**
 * Goes through the arrays in the order of the computation. For the first that is not explained yet, all suspects that can
 * reach it are tried; the one that explains most arrays without contradicting another is adopted, and the search goes on
 * with it, so that one mistake is not found twice.
 * @param mostBadness gives up, with undefined, as soon as the mistakes are as bad as that
 */
export function diagnose(reading: Reading, mostBadness = Infinity): Diagnosis | undefined {
  const suspects = mistakes.flatMap((mistake, rank) =>
    mistake
      .variations(reading.network, reading.run)
      .map((variation): Suspect => ({ mistake, rank, variation })),
  );
  const shrunk = reading.network.layers.filter((layer) => layer.shrunk).map(({ output }) => output);
  const found: FoundMistake[] = shrunk.map((array) => describe(lastRowLeftOut, array, [array], []));
  const conventions = new Map<string, { name: string; arrays: string[]; what: string }>();
  const harmless: Variation[] = [];
  /** What is computed on the way to arrays that nothing explains. */
  const dark = new Set<string>();
  let run = reading.run;
  const { first: notANumber } = reading.notFinite;
  const isInput = notANumber !== undefined && !reading.network.shapes.has(notANumber);
  if (isInput) found.push(describeNotFinite(notANumber));
  for (const name of reading.network.shapes.keys()) {
    if (badnessOf(found) >= mostBadness) return undefined;
    const { comparison } = statusOf(reading, run, name);
    if (!comparison || comparison.agrees) continue;
    const before = sortArrays(reading, run);
    const known = new Set(found.map((mistake) => mistake.name));
    // what isn't finite although it was computed rightly is no mistake's doing
    const lost = name === notANumber && !areFinite(run.expected(name)?.slice(0, 1));
    const explanation = lost ? undefined : explain(reading, run, name, suspects, known);
    if (!explanation) {
      const hidden = [...run.hiddenSources(name)];
      if (!hidden.some((source) => dark.has(source)) || hidden.length === 1)
        found.push(name === notANumber ? describeNotFinite(name) : describeUnknown(reading, run, name));
      for (const source of hidden) if (source !== name) dark.add(source);
      continue;
    }
    run = explanation.run;
    const wrong = new Set(sortArrays(reading, run).wrong);
    const explained = before.wrong.filter((array) => !wrong.has(array));
    for (const { mistake, variation } of explanation.suspects) {
      if (mistake.harmless) harmless.push(variation);
      else if (variation.shown) harmless.push(savedOnly(variation));
      if (mistake.harmless) {
        conventions.set(mistake.name, {
          name: mistake.name,
          arrays: [...(conventions.get(mistake.name)?.arrays ?? []), ...explained],
          what: variation.detail ? `${mistake.why} ${variation.detail}` : mistake.why,
        });
      } else {
        const named = variation.detail ? { ...mistake, why: `${mistake.why} ${variation.detail}` } : mistake;
        found.push(describe(named, name, explained, explanation.alternatives));
      }
    }
  }
  const truth = harmless.length > 0 ? reading.run.with(...harmless) : reading.run;
  const computed = listArrays(reading, truth).map((array) =>
    shrunk.includes(array.name) ? tooSmall(array, reading) : array,
  );
  const arrays: CheckedArray[] = isInput
    ? [{ name: notANumber, status: "differs", maxRelativeError: null }, ...computed]
    : computed;
  const notJudged = computed
    .filter(({ name, status }) => status === "not given" && reading.raw.has(name))
    .map(({ name }) => name);
  const first = arrays.find(({ status }) => status === "differs")?.name ?? null;
  return {
    agrees: first === null,
    first,
    arrays,
    conventions: [...conventions.values()],
    mistakes: found,
    notJudged,
  };
}

/** How little mistakes explain: what is unknown counts most, then how many there are. It only grows when more are found. */
export function badnessOf(mistakes: readonly FoundMistake[]): number {
  const unknown = mistakes.filter(({ name }) => name === "unknown").length;
  return 3 * unknown + new Set(mistakes.map(({ name }) => name)).size;
}

const areFinite = (rights: readonly Value[] | undefined) =>
  rights?.every(({ data }) => data.every(Number.isFinite)) ?? false;

function describeNotFinite(array: string): FoundMistake {
  const { why, fix } = causeOf(array);
  const { name } = notFinite;
  return {
    name,
    array,
    why: `${array} holds numbers that are none, or infinite. ${why}`,
    fix,
    arrays: [array],
    alternatives: [],
  };
}

function describe(
  { name, why, fix }: Mistake,
  array: string,
  arrays: readonly string[],
  alternatives: readonly string[],
): FoundMistake {
  const same = alternatives.length > 0 ? ` (The same numbers come from: ${alternatives.join(", ")}.)` : "";
  return { name, array, why: `${why}${same}`, fix, arrays, alternatives };
}

/** An output that lacks a row and a column, which the layers behind it have got used to. */
function tooSmall(array: CheckedArray, { network, raw }: Reading): CheckedArray {
  const [N, C, H, W] = network.shapes.get(array.name) ?? [];
  const yours = raw.get(array.name)?.array.shape;
  if (!yours) return array;
  const { name } = array;
  return { name, status: "differs", maxRelativeError: null, shapes: { yours, right: [N, C, H + 1, W + 1] } };
}

/** What was overwritten is wrong in the file, but not what was computed from it before. */
function savedOnly({ shown = {}, overwritten = [], changes }: Variation): Variation {
  return { changes, overwritten: [...overwritten, ...Object.keys(shown)] };
}

function explain(
  reading: Reading,
  run: Run,
  name: string,
  suspects: readonly Suspect[],
  known: ReadonlySet<string>,
): Explanation | undefined {
  const { relativeError: error = 0, largest: size = 0 } = statusOf(reading, run, name).comparison ?? {};
  const largest = run.working.unit > 1e-4 ? 0.1 : 0.01; // what rounding can't account for, whatever was estimated
  const before = sortArrays(reading, run);
  const hidden = run.hiddenSources(name);
  const near = suspects.filter(
    ({ variation: { changes, shown, overwritten } }) =>
      overwritten !== undefined ||
      (shown && Object.hasOwn(shown, name)) ||
      Object.keys(changes).some((changed) => hidden.has(changed)),
  );
  const singles: Explanation[] = [];
  const effects = new Map([[fingerprint(run.saved(name)?.[0]), undefined as Suspect | undefined]]);
  for (const suspect of near) {
    const changed = run.with(suspect.variation);
    if (!changed.touches(name)) continue;
    const attempt = attemptWith(changed, [suspect]);
    if (attempt) singles.push(attempt);
    else if (singles.length === 0) {
      const effect = fingerprint(changed.saved(name)?.[0]);
      if (!effects.has(effect)) effects.set(effect, suspect);
    }
  }
  const single = bestOf(singles, known);
  if (single || hidden.size > MOST_HIDDEN) return single;
  return bestOf(pairs([...effects.values()].filter((suspect) => suspect !== undefined)), known);

  function attemptWith(changed: Run, used: readonly Suspect[]): Explanation | undefined {
    if (!changed.touches(name)) return undefined;
    const { comparison } = statusOf(reading, changed, name);
    if (!comparison?.agrees) return undefined;
    // sums that come to nearly nothing are as exact as what should be there
    const share = size > 0 ? Math.min(1, comparison.largest / size) : 1;
    const remaining = comparison.relativeError * share;
    if (!(remaining < Math.min(largest, 0.3 * error))) return undefined;
    const after = sortArrays(reading, changed);
    if (before.right.some((array) => !after.right.includes(array))) return undefined;
    return { suspects: used, run: changed, gain: after.right.length - before.right.length, alternatives: [] };
  }

  /** Two mistakes together, where one alone explains nothing: the most usual pairs, of those that change the array. */
  function pairs(alone: readonly Suspect[]): Explanation[] {
    const explanations: Explanation[] = [];
    const both = alone.flatMap((one, k) =>
      alone
        .slice(k + 1)
        .filter(({ mistake }) => mistake !== one.mistake)
        .map((other) => [one, other] as const),
    );
    both.sort((a, b) => a[0].rank + a[1].rank - b[0].rank - b[1].rank);
    for (const [one, other] of both.slice(0, MOST_PAIRS)) {
      const attempt = attemptWith(run.with(one.variation, other.variation), [one, other]);
      if (attempt) explanations.push(attempt);
    }
    return explanations;
  }
}

const MOST_PAIRS = 80;
/** Where more arrays than this are not given on the way to a wrong one, no pairs are tried: too much could be the matter. */
const MOST_HIDDEN = 8;

/** Equal for equal numbers, and for no others as far as matters. */
function fingerprint(value: Value | undefined): string {
  return value ? `${value.shape.join()} ${value.data.slice(0, 64).join()} ${total(value)}` : "";
}

/** What explains most; then what was found before; then what is most usual; then what changes least. */
function bestOf(explanations: readonly Explanation[], known: ReadonlySet<string>): Explanation | undefined {
  const changes = ({ suspects }: Explanation) =>
    suspects.reduce((sum, { variation }) => sum + Object.keys(variation.changes).length, 0);
  const rank = ({ suspects }: Explanation) =>
    suspects.reduce(
      (sum, { mistake, rank }) => sum + (known.has(mistake.name) && !mistake.harmless ? -1 : rank),
      0,
    );
  const sorted = [...explanations].sort(
    (a, b) => b.gain - a.gain || rank(a) - rank(b) || changes(a) - changes(b),
  );
  const [best] = sorted;
  if (!best) return undefined;
  const names = sorted
    .filter(({ gain, suspects }) => gain === best.gain && suspects.length === best.suspects.length)
    .flatMap(({ suspects }) => suspects.map(({ mistake }) => mistake.name));
  const own = best.suspects.map(({ mistake }) => mistake.name);
  return {
    ...best,
    alternatives: best.suspects.length > 1 ? [] : [...new Set(names)].filter((name) => !own.includes(name)),
  };
}

function listArrays(reading: Reading, run: Run): CheckedArray[] {
  return [...reading.network.shapes.keys()].map((name): CheckedArray => {
    const { comparison, misfit, right } = statusOf(reading, run, name);
    if (!comparison) return { name, status: "not given", maxRelativeError: null };
    const finite = Number.isFinite(comparison.relativeError);
    const status = comparison.agrees ? "agrees" : "differs";
    const raw = reading.raw.get(name)?.array;
    return {
      name,
      status,
      maxRelativeError: finite ? comparison.relativeError : null,
      ...(misfit && raw && { shapes: { yours: raw.shape, right: reading.network.shapes.get(name) ?? [] } }),
      ...(status === "differs" &&
        !misfit &&
        right && { worst: differenceAt(reading, name, comparison.worst, right.data[comparison.worst]) }),
    };
  });
}

/** Where a cell of ours lies in the person's array. */
function differenceAt({ raw, network }: Reading, name: string, cell: number, right: number): Difference {
  const { array, layout } = raw.get(name)!;
  const shape = network.shapes.get(name) ?? [];
  const place = layout ? placesOf(shape, layout)[cell] : cell;
  return { index: indexAt(array.shape, place), yours: array.data[place], right };
}
