import { formatModel } from "unravel-cnn";
import type { ExportFormat } from "../format.js";
import { inFloat32 } from "../source/model.js";
import { PYTHON_COMMENT } from "../source/python.js";
import { isUnchanged, stamped } from "../source/stamp.js";
import { torchProgram } from "./program.js";

/** A module for PyTorch, and a model file beside it, which it reads by itself. */
export const pytorch: ExportFormat = {
  what: "a Python module for PyTorch with its weights as safetensors, which needs no other package",
  ending: ".py",
  options: [],
  isOurs: (head) =>
    isUnchanged(head, PYTHON_COMMENT) && head.startsWith('"""A convolutional network for PyTorch'),
  write: ({ model, parameters }, { name }) => {
    const weights = `${name}.weights.safetensors`;
    return [
      { name: `${name}.py`, bytes: stamped(`${torchProgram(model, name, weights)}\n`, PYTHON_COMMENT) },
      { name: weights, bytes: formatModel({ model, parameters: inFloat32(model, parameters) }) },
    ];
  },
};
