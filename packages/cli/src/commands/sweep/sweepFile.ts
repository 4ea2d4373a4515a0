import { createHash } from "node:crypto";
import { InputError, nearest, parseSpec } from "unravel-cnn";
import { readBytes } from "unravel-cnn/node";
import { inFile } from "../../model.js";
import { dimensionOf } from "./ranges.js";
import { type Dimension, sizeOfGrid, wordsOf } from "./space.js";
import { isFlag, parseTrain, variableOptions } from "./trainWords.js";

/* sweep.json: what is tried, how it is searched, and how much of it. */

/** How configurations are chosen. */
export type Search =
  | { readonly type: "grid" }
  | { readonly type: "random" }
  /** Of the configurations of a rung, one in `factor` goes on, to `factor` times as many epochs; the first has `from`. */
  | { readonly type: "halving"; readonly factor: number; readonly from: number };

export interface Budget {
  /** Trainings at most; those that a later rung goes on with are not counted again. */
  readonly trials?: number;
  /** After so many minutes no trial is begun. */
  readonly minutes?: number;
}

/** What a sweep is, with defaults filled in. */
export interface Sweep {
  /** A hash of all of it: trials of another sweep have another one. */
  readonly id: string;
  /** The words after `unravel train`, for all trials. */
  readonly train: readonly string[];
  readonly dimensions: readonly Dimension[];
  /** Each configuration is trained with each of these seeds. */
  readonly seeds: readonly number[];
  readonly search: Search;
  readonly budget: Budget;
  /** Of the search itself. */
  readonly seed: number;
  /** Of a whole training. */
  readonly epochs: number;
}

/** A sweep chooses by these images, so that the test set stays unseen. */
const VALIDATION = ["--validation", "0.1"];

/** A grid may have so many configurations. */
const MOST_CONFIGURATIONS = 1_000_000;

/** @throws InputError if the file can't be read, or says something that can't be tried */
export async function readSweep(path: string): Promise<Sweep> {
  const bytes = await readBytes(path, 2 ** 24);
  let given: unknown;
  try {
    given = parseSpec(new TextDecoder().decode(bytes)); // it refuses what is no JSON, too long, or has a key twice
  } catch (error) {
    throw error instanceof InputError
      ? new InputError(`${path}: ${error.message.replace("The model spec", "the sweep")}`)
      : error;
  }
  return inFile(path, () => sweepOf(given));
}

const KEYS = ["train", "vary", "search", "budget", "seed"];

/** A sweep from what its file says. @throws InputError that names the key */
export function sweepOf(given: unknown): Sweep {
  if (!isObject(given)) {
    throw new InputError(
      'a sweep must be an object like { "train": "--epochs 3", "vary": { "filters": [4, 8] } }.',
    );
  }
  refuseOthers(given, KEYS, "the sweep");
  const seed = wholeFrom("seed", given.seed ?? 0, 0, 2 ** 32 - 1);
  const words = trainWords(given.train ?? "");
  const { options, isGiven } = inFile("train", () => parseTrain(words));
  const train = isGiven("validation") ? words : [...words, ...VALIDATION];
  if (options.validation === 0) {
    throw new InputError(
      "train: a sweep chooses by validation images, so --validation can't be 0; leave it out.",
    );
  }
  if (options.patience !== undefined && searchType(given.search) === "halving") {
    throw new InputError(
      "train: --patience goes with grid and random, not with halving, which ends trainings itself.",
    );
  }
  const { dimensions, seeds } = varied(given.vary, train);
  const search = searchOf(given.search, options.epochs);
  if (search.type === "halving" && dimensions.some(({ name }) => name === "epochs")) {
    throw new InputError("vary.epochs: halving chooses how long a training goes on; give --epochs in train.");
  }
  const budget = budgetOf(given.budget, search, dimensions, seeds.length);
  const identity = JSON.stringify([train, describe(given.vary), search, budget.trials ?? null, seed]);
  const id = createHash("sha256").update(identity).digest("hex").slice(0, 12);
  return { id, train, dimensions, seeds, search, budget, seed, epochs: options.epochs };
}

/** The words of a command line, which may be one text. Quotes hold words with spaces together. */
function trainWords(given: unknown): string[] {
  const isList = Array.isArray(given) && given.every((word) => typeof word === "string");
  if (typeof given !== "string" && !isList) {
    throw new InputError('train must be the options of "unravel train", as one text or a list of words.');
  }
  const words = isList ? [...given] : split(given);
  if (words[0] === "unravel") words.shift();
  if (words[0] === "train") words.shift();
  return words;
}

function split(text: string): string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, a, b) => a ?? b));
}

function varied(given: unknown, train: readonly string[]): Pick<Sweep, "dimensions" | "seeds"> {
  if (!isObject(given) || Object.keys(given).length === 0) {
    throw new InputError(
      'vary must say which options vary, like { "filters": [4, 8, 16], "seed": [0, 1, 2] }.',
    );
  }
  const names = variableOptions();
  const dimensions = Object.entries(given).map(([name, choice]) => {
    const place = `vary.${name}`;
    if (!names.includes(name)) {
      const near = nearest(name.replace(/^--/, ""), names);
      throw new InputError(
        `${place}: "unravel train" has no such option that can vary${near === undefined ? "" : ` (did you mean ${near}?)`}.`,
      );
    }
    if (train.some((word) => word === `--${name}` || word.startsWith(`--${name}=`))) {
      throw new InputError(`${place}: --${name} stands in train, too; leave it out there.`);
    }
    const dimension = dimensionOf(name, choice, place);
    checkValues(dimension, train, place);
    return dimension;
  });
  const seeds = dimensions.find(({ name }) => name === "seed");
  if (seeds && seeds.values === undefined)
    throw new InputError('vary.seed must be a list, or a range with "step".');
  return {
    dimensions: dimensions.filter((dimension) => dimension !== seeds),
    seeds: (seeds?.values as number[] | undefined) ?? [parseTrain(train).options.seed],
  };
}

/** @throws InputError for a value that `unravel train` would refuse */
function checkValues({ name, values, draw }: Dimension, train: readonly string[], place: string): void {
  const flag = isFlag(name);
  for (const [k, value] of (values ?? [draw(0), draw(1 - 2 ** -32)]).entries()) {
    const at = values ? `${place}[${k}]` : place;
    if (flag && typeof value !== "boolean" && value !== null) {
      throw new InputError(
        `${at}: --${name} takes no value; give true or false, not ${JSON.stringify(value)}.`,
      );
    }
    if (!flag && typeof value === "boolean") {
      throw new InputError(`${at}: --${name} takes a value; ${value} is none.`);
    }
    inFile(at, () => parseTrain([...train, ...wordsOf({ [name]: value })]));
  }
}

function searchType(given: unknown): unknown {
  return isObject(given) ? given.type : given;
}

function searchOf(given: unknown, epochs: number): Search {
  const type = searchType(given) ?? "grid";
  if (type !== "grid" && type !== "random" && type !== "halving") {
    throw new InputError(`search must be "grid", "random" or "halving", not ${JSON.stringify(type)}.`);
  }
  const options = isObject(given) ? given : {};
  refuseOthers(options, type === "halving" ? ["type", "factor", "from"] : ["type"], "search");
  if (type !== "halving") return { type };
  const factor = wholeFrom("search.factor", options.factor ?? 3, 2, 1000);
  const from = wholeFrom("search.from", options.from ?? 1, 1, epochs);
  return { type, factor, from };
}

function budgetOf(given: unknown, { type }: Search, dimensions: readonly Dimension[], seeds: number): Budget {
  if (given !== undefined && !isObject(given)) {
    throw new InputError('budget must be { "trials": 20 } or { "minutes": 10 }.');
  }
  const options = given ?? {};
  refuseOthers(options, ["trials", "minutes"], "budget");
  const { minutes } = options;
  if (minutes !== undefined && !(typeof minutes === "number" && minutes > 0 && minutes < Infinity)) {
    throw new InputError(`budget.minutes must be a number above 0, not ${JSON.stringify(minutes)}.`);
  }
  const trials =
    options.trials === undefined
      ? undefined
      : wholeFrom("budget.trials", options.trials, 1, MOST_CONFIGURATIONS);
  if (trials !== undefined && trials < seeds) {
    throw new InputError(
      `budget.trials must be at least ${seeds}: each configuration is trained with ${seeds} seeds.`,
    );
  }
  const open = dimensions.find(({ values }) => values === undefined);
  if (type === "grid" && open) {
    throw new InputError(`vary.${open.name}: a grid needs "count" or "step", so that the range has an end.`);
  }
  if (type === "grid" && trials === undefined && sizeOfGrid(dimensions) > MOST_CONFIGURATIONS) {
    throw new InputError(`the grid has more than ${MOST_CONFIGURATIONS} configurations; give a budget.`);
  }
  if (type === "random" && trials === undefined && minutes === undefined) {
    throw new InputError('a random search needs a budget: { "trials": 20 } or { "minutes": 10 }.');
  }
  if (type === "halving" && trials === undefined && open) {
    throw new InputError(`halving over a range (vary.${open.name}) needs a budget: { "trials": 27 }.`);
  }
  return {
    ...(trials !== undefined && { trials }),
    ...(minutes !== undefined && { minutes }),
  };
}

function wholeFrom(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most)
    return value as number;
  throw new InputError(
    `${name} must be a whole number from ${least} to ${most}, not ${JSON.stringify(value)}.`,
  );
}

function refuseOthers(given: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  throw new InputError(
    `${where} has the unknown key ${JSON.stringify(unknown)}${near === undefined ? "" : ` (did you mean ${JSON.stringify(near)}?)`}; known are ${known.join(", ")}.`,
  );
}

/** What varies, as text that is the same however its keys are ordered inside. */
function describe(vary: unknown): unknown {
  return Object.entries(vary as object).map(([name, choice]) => [
    name,
    Array.isArray(choice) ? choice : Object.entries(choice as object).sort(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
