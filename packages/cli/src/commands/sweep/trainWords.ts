import { Command, CommanderError } from "commander";
import { InputError } from "unravel-cnn";
import { usageSentence } from "../../usage.js";
import { type Said, withRecipe } from "../train/withRecipe.js";
import { addTrainOptions, parseTrainWords } from "../train/words.js";

/* What `unravel train` makes of the words after it, without training. */

/** Options that a trial can't have, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  threads: "each trial has one thread, and as many run at a time as there are cores",
  out: "train with the best trial's command to get its model",
  checkpoint: "a sweep keeps what it needs by itself",
  every: "a sweep keeps what it needs by itself",
  resume: "a sweep keeps what it needs by itself",
  test: "trials are compared by images set aside; test the best one by its command",
  findRate: "it trains nothing; vary learning-rate",
  history: "a trial's figures are in its line",
  plot: "a trial's figures are in its line",
  json: "a trial's figures are in its line",
  quiet: "a trial prints nothing",
};

/** @throws InputError if `unravel train` would refuse the words, or a sweep has no use for one of them */
export function parseTrain(words: readonly string[]): Said {
  const command = parsed(words);
  const [stray] = command.args;
  if (stray !== undefined) throw new InputError(`train takes options only, not "${stray}".`);
  const isGiven = (option: string) => command.getOptionValueSource(option) === "cli";
  const refused = Object.keys(REFUSED).find(isGiven);
  if (refused !== undefined) {
    throw new InputError(`a sweep does without ${flagOf(command, refused)}: ${REFUSED[refused]}.`);
  }
  return withRecipe({ options: command.opts(), isGiven });
}

function parsed(words: readonly string[]): Command {
  try {
    return parseTrainWords(words);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (/help/.test(error.code)) throw new InputError("--help is for people, not for a sweep; leave it out.");
    throw new InputError(usageSentence(error).replace("try --help", 'see "unravel train --help"'));
  }
}

/** The names of the options that `unravel train` has and a sweep may vary, without the two dashes. */
export function variableOptions(): string[] {
  const command = new Command("train");
  addTrainOptions(command);
  return command.options
    .filter((option) => !Object.hasOwn(REFUSED, option.attributeName()))
    .map((option) => option.name());
}

/** Whether an option takes no value: it is there or it isn't. */
export function isFlag(name: string): boolean {
  const command = new Command("train");
  addTrainOptions(command);
  return command.options.find((option) => option.name() === name)?.isBoolean() ?? false;
}

function flagOf(command: Command, option: string): string {
  return command.options.find((one) => one.attributeName() === option)?.long ?? `--${option}`;
}
