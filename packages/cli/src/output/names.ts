import { InputError } from "unravel-cnn/training";
import type { FileKind } from "./kinds.js";

/**
 * A parser, for commander, of the name of a file to write.
 * @param option as it is typed: `--out`
 */
export function outputFile(option: string, ...kinds: readonly FileKind[]) {
  return (path: string): string => {
    if (path === "-" || path.startsWith("/dev/")) {
      throw new InputError(
        `${option} ${path}: only files can be written, as standard output has the results; give a name that ends in ${endings(kinds)}.`,
      );
    }
    if (kindOf(path, kinds) !== undefined) return path;
    throw new InputError(`${option} must be a file name that ends in ${endings(kinds)}, not "${path}".`);
  };
}

/** The kind of file that a name's ending means. */
export function kindOf(path: string, kinds: readonly FileKind[]): FileKind | undefined {
  return kinds.find(({ ending }) => path.toLowerCase().endsWith(ending));
}

function endings(kinds: readonly FileKind[]): string {
  return kinds.map(({ ending }) => ending).join(" or ");
}
