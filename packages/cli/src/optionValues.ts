import type { Command, Option } from "commander";
import { InputError } from "unravel-cnn/training";

/**
 * Makes each option of a command refuse another option as its value; commander would take it like any word:
 * `--out --json` would write a file of that name.
 */
export function refuseOptionsAsValues(command: Command): void {
  for (const option of command.options) {
    if (!option.required && !option.optional) continue;
    const parse = option.parseArg;
    option.argParser((value: string, previous: unknown) => {
      if (isOption(value, option)) {
        const file = NAMES_A_FILE.test(option.flags) ? `; for a file of that name write ./${value}` : "";
        throw new InputError(`${option.long} needs a value, but "${value}" is an option${file}.`);
      }
      return parse ? parse(value, previous as never) : value;
    });
  }
}

/** Names of files that begin with one dash are refused, too; a number may be negative, and its parser says what it must be. */
function isOption(value: string, { flags }: Option): boolean {
  return /^--./.test(value) || (NAMES_A_FILE.test(flags) && /^-./.test(value));
}

const NAMES_A_FILE = /<(file|data|model)>/;
