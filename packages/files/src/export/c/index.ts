import { checkParameters, fold, InputError } from "unravel-cnn";
import type { ExportFormat } from "../format.js";
import { C_COMMENT, cPrefix } from "../source/c.js";
import { inFloat32 } from "../source/model.js";
import { isUnchanged, stamped } from "../source/stamp.js";
import { type CNames, cProgram } from "./program.js";
import { arraysOf, cWeights } from "./weights.js";

/** The most numbers of a network: as text they take about 14 bytes each. */
const MOST_NUMBERS = 10_000_000;

/** A header in C99 and one with its weights. */
export const c: ExportFormat = {
  what: "C99 for microcontrollers: a header without allocation, and the weights as constants in another",
  ending: ".h",
  options: [],
  isOurs: (head) => isUnchanged(head, C_COMMENT) && head.startsWith("/*\n * A convolutional network in C99"),
  write: (saved, { name }) => {
    checkName(name);
    const { model, parameters } = fold({
      model: saved.model,
      parameters: inFloat32(saved.model, saved.parameters),
    });
    checkParameters(model, parameters);
    if (model.parameterCount > MOST_NUMBERS) {
      throw new InputError(
        `The network has ${model.parameterCount.toLocaleString("en-US")} parameters, more than the limit of ${MOST_NUMBERS.toLocaleString("en-US")} for a program in C; make a smaller one.`,
      );
    }
    const names: CNames = { file: name, prefix: cPrefix(name), weights: `${name}_weights.h` };
    const arrays = arraysOf(model, parameters);
    const flash = arrays.reduce((sum, { data }) => sum + data.length, 0);
    return [
      { name: `${name}.h`, bytes: stamped(`${cProgram(model, names, flash)}\n`, C_COMMENT) },
      { name: names.weights, bytes: new TextEncoder().encode(cWeights(arrays, names)) },
    ];
  },
};

/** @throws InputError for a file name that can't stand in an #include */
function checkName(name: string): void {
  if (/^[\p{L}\p{N} _.,+=@()-]+$/u.test(name)) return;
  throw new InputError(
    `A program in C has the name of its weights in it, and ${JSON.stringify(name)} can't be included; use letters, digits, - and _.`,
  );
}
