import type { Command } from "commander";

/**
 * A command as the help names it. What it needs is loaded when it is called, so that every command starts soon, however many
 * there are.
 */
export interface LazyCommand {
  readonly name: string;
  readonly summary: string;
  /** Whether it runs if no command is named. */
  readonly isDefault?: boolean;
  /** Loads what gives the command its options and its work; `args` are the words that follow its name. */
  readonly load: () => Promise<(command: Command, args: readonly string[]) => void | Promise<void>>;
}

/** Adds commands to a program, or to a command that has some of its own. Only the one that `args` call is loaded. */
export async function addCommands(
  parent: Command,
  commands: readonly LazyCommand[],
  args: readonly string[],
): Promise<void> {
  const words = args.filter((word) => !word.startsWith("-"));
  const called = words[0] === "help" ? words[1] : (words[0] ?? commands.find((one) => one.isDefault)?.name);
  for (const { name, summary, load, isDefault } of commands) {
    // an unknown word is an error, not an argument of the default command
    const options = { isDefault: isDefault === true && words.length === 0 };
    const command = parent.command(name, options).summary(summary);
    if (name !== called) continue;
    const define = await load();
    await define(command, args.slice(args.indexOf(name) + 1));
    (await import("./optionValues.js")).refuseOptionsAsValues(command);
  }
}
