import { formatNpz, type SavedModel } from "unravel-cnn";
import type { ExportFormat } from "../format.js";
import { inFloat32 } from "../source/model.js";
import { PYTHON_COMMENT } from "../source/python.js";
import { isUnchanged, stamped } from "../source/stamp.js";
import { numpyProgram } from "./program.js";

/** A program in Python that needs nothing but NumPy, and a file with its parameters. */
export const numpy: ExportFormat = {
  what: "a Python program that needs only NumPy: forward, backward and training, to be read",
  ending: ".py",
  options: [],
  isOurs: (head) =>
    isUnchanged(head, PYTHON_COMMENT) && head.startsWith('"""A convolutional network in NumPy'),
  write: ({ model, parameters }: SavedModel, { name }) => {
    const weights = `${name}.weights.npz`;
    return [
      { name: `${name}.py`, bytes: stamped(`${numpyProgram(model, name, weights)}\n`, PYTHON_COMMENT) },
      { name: weights, bytes: formatNpz(inFloat32(model, parameters), "written by unravel") },
    ];
  },
};
