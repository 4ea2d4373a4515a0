import type { CommanderError } from "commander";

/**
 * What is wrong with the way the program was called, in one sentence. Commander's message may be two, or have its
 * suggestion on a second line:
 *
 *     error: unknown option '--epoch'
 *     (Did you mean --epochs?)
 */
export function usageSentence({ message }: CommanderError): string {
  const [problem, ...hints] = message.replace(/^error: /, "").split("\n(Did ");
  const sentence = problem.replace(/\. Expected (.*)\.$/s, " (expected $1)").replace(/\.$/, "");
  return `${sentence}${hints.map((hint) => ` (did ${hint}`).join("")}; try --help.`;
}
