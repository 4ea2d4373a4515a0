import { type ChildProcess, spawnSync } from "node:child_process";
import { testIfPresent } from "../../../../test/support/needs.js";
import { startProcess } from "../../../../test/support/processes.js";
import { cleanEnv, UNRAVEL } from "./environment.js";

/** `script` of util-linux, which runs a command on a terminal of its own. */
export const testWithTerminal = testIfPresent(
  process.platform === "linux" && String(spawnSync("script", ["--version"]).stdout).includes("util-linux"),
  "the script command of util-linux, which gives tests a terminal, is not here",
);

/** Starts the command line on a terminal, for one test; what is written to the process's stdin is typed there. */
export function startOnTerminal(
  args: readonly string[],
  { columns = 80, env }: { readonly columns?: number; readonly env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
  const quoted = [process.execPath, UNRAVEL, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const command = `stty cols ${columns} rows 24; exec ${quoted.join(" ")}`;
  return startProcess("script", ["-qec", command, "/dev/null"], {
    env: cleanEnv({ SHELL: "/bin/sh", ...env }),
  });
}

/** What a terminal shows after a text with the few control sequences that the program may use; others throw. */
export function screenAfter(text: string): string[] {
  const lines: string[] = [""];
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  for (const [token] of text.matchAll(/\x1b\[K|\x1b\[\d+m|[\s\S]/g)) {
    const last = lines.length - 1;
    if (token === "\n") {
      lines.push("");
      column = 0; // the terminal sends \r\n, and the program never moves down in mid-line
    } else if (token === "\r") column = 0;
    else if (token === "\x1b[K") lines[last] = lines[last].slice(0, column);
    else if (token.startsWith("\x1b[")) continue;
    else if (token < " ") throw new Error(`control character ${JSON.stringify(token)}`);
    else {
      lines[last] = lines[last].slice(0, column).padEnd(column) + token + lines[last].slice(column + 1);
      column += 1;
    }
  }
  return lines;
}

/** The texts drawn one over the other: everything between two returns to the beginning of a line. */
export function drawnOver(text: string): string[] {
  return text.replaceAll("\x1b[K", "").split(/\r\n?/);
}
