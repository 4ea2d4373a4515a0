import type { WriteStream } from "node:tty";
import { ESCAPE } from "./output.js";

type Style = (text: string) => string;

/** Styles that are readable on dark and on light terminals. */
export interface Styles {
  readonly bold: Style;
  readonly dim: Style;
  readonly good: Style;
  readonly bad: Style;
}

/**
 * Colours where a person looks at a terminal that has them; plain text elsewhere and where NO_COLOR is set
 * (https://no-color.org). For what is printed by `printLines`.
 */
export function stylesFor(stream: Pick<WriteStream, "isTTY">, env: NodeJS.ProcessEnv = process.env): Styles {
  const on = hasColours(stream, env);
  const style =
    (code: number, end: number): Style =>
    (text) =>
      on ? `${ESCAPE}[${code}m${text}${ESCAPE}[${end}m` : text;
  return { bold: style(1, 22), dim: style(2, 22), good: style(32, 39), bad: style(31, 39) };
}

/** Whether colours may be written there. */
export function hasColours(
  stream: Pick<WriteStream, "isTTY">,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
}
