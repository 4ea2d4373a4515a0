import { type Command, CommanderError } from "commander";
import { InputError } from "unravel-cnn";
import { type Recipe, readRecipe, wordsOf } from "../../recipes/recipe.js";
import { usageSentence } from "../../usage.js";
import type { TrainOptions } from "./options.js";
import { parseTrainWords } from "./words.js";

/* What a training takes from a recipe: all that the command doesn't say itself. */

/** Options as a command means them, and which of them it says. */
export interface Said {
  readonly options: TrainOptions;
  /** Whether an option is among the words of the command, or of its recipe. */
  readonly isGiven: (option: string) => boolean;
}

/** What goes with an optimizer: where the command names another one, the recipe's is not for it. */
const OF_OPTIMIZER: readonly string[] = ["learningRate", "momentum", "nesterov", "weightDecay", "decay"];

/** A recipe can't say what happens to files, nor which other recipe to take. */
const REFUSED: readonly string[] = [
  "recipe",
  "resume",
  "checkpoint",
  "every",
  "out",
  "history",
  "plot",
  "findRate",
];

/**
 * The options with those of the recipe that they name, if they name one.
 * @throws InputError if there is no such recipe, it has an option that `train` hasn't, or the command lacks what it needs
 */
export function withRecipe({ options, isGiven }: Said): Said {
  return options.recipe === undefined
    ? { options, isGiven }
    : merged({ options, isGiven }, readRecipe(options.recipe));
}

/** @throws InputError if the recipe has an option that `train` hasn't, or the command lacks what it needs */
export function merged({ options, isGiven }: Said, recipe: Recipe): Said {
  const missing = Object.keys(recipe.needs).find((option) => !isGiven(option));
  if (missing !== undefined) {
    throw new InputError(`The recipe ${recipe.name} needs --${missing}: ${recipe.needs[missing]}.`);
  }
  const own = optionsOf(recipe);
  const hasOtherOptimizer =
    isGiven("optimizer") && own.optimizer !== undefined && own.optimizer !== options.optimizer;
  // a rate is one for its batch size: with another one it follows from that
  const hasOtherBatch = isGiven("batchSize") && own.batchSize !== options.batchSize;
  const isUnfit = (option: string) =>
    (hasOtherOptimizer && OF_OPTIMIZER.includes(option)) || (hasOtherBatch && option === "learningRate");
  const taken = Object.entries(own).filter(([option]) => !isGiven(option) && !isUnfit(option));
  const names = new Set(taken.map(([option]) => option));
  return {
    options: { ...options, ...Object.fromEntries(taken) },
    isGiven: (option) => isGiven(option) || names.has(option),
  };
}

/** What `unravel train` makes of a recipe's words: those options alone. */
export function optionsOf(recipe: Recipe): Partial<TrainOptions> {
  const command = parsed(recipe);
  const options: Record<string, unknown> = command.opts();
  const said = Object.keys(options).filter((option) => command.getOptionValueSource(option) === "cli");
  const refused = said.find((option) => REFUSED.includes(option));
  if (refused !== undefined) {
    throw new InputError(
      `The recipe ${recipe.name}: --${refused} belongs on the command line, not into a recipe.`,
    );
  }
  return Object.fromEntries(said.map((option) => [option, options[option]]));
}

function parsed(recipe: Recipe): Command {
  try {
    return parseTrainWords(wordsOf(recipe));
  } catch (error) {
    const problem =
      error instanceof CommanderError ? usageSentence(error).replace(/; try --help\.$/, ".") : undefined;
    if (problem !== undefined) throw new InputError(`The recipe ${recipe.name}: ${problem}`);
    if (error instanceof InputError) throw new InputError(`The recipe ${recipe.name}: ${error.message}`);
    throw error;
  }
}
