import type { CommanderError } from "commander";

/**
 * What is wrong with the way the program was called, in one sentence. Commander's message may be two, or have its
 * suggestion on a second line:
 *
 *     error: unknown option '--epoch'
 *     (Did you mean --epochs?)
 */
export function usageSentence({ message }: CommanderError): string {
  const [problem, ...suggestion] = message
    .replace(/^error: /, "")
    .replace(/\. Expected (.*)\.$/, " (expected $1)")
    .split("\n");
  const hint = suggestion.join(" ").replace("(Did", "(did");
  return `${problem.replace(/\.$/, "")}${hint && ` ${hint}`}; try --help.`;
}
