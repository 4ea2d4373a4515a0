import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testIfPresent } from "../../../../test/support/needs.js";
import { pythonWith } from "../../../core/test/support/python.js";

const PYTHON = pythonWith("onnx");

/** Tests that need ONNX's own checker are skipped, and counted, where Debian's python3-onnx isn't; CI must have it. */
export const testWithChecker = testIfPresent(PYTHON !== undefined, "python3-onnx is not here");

const PROGRAM = `
import json, sys, onnx
for name in sys.argv[1:]:
    model = onnx.load(name)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    values = list(inferred.graph.value_info) + list(inferred.graph.output)
    shapes = {value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim] for value in values}
    print(json.dumps({"shapes": shapes, "nodes": [node.name for node in model.graph.node], "operators": [node.op_type for node in model.graph.node]}))
`;

/** What ONNX's checker has worked out of a file that it accepts. */
export interface Checked {
  readonly shapes: Readonly<Record<string, readonly (string | number)[]>>;
  readonly nodes: readonly string[];
  readonly operators: readonly string[];
}

/** Has files checked, with full inference of shapes. @throws Error if one is refused */
export function checkOnnx(files: readonly Uint8Array[]): Checked[] {
  const folder = mkdtempSync(join(tmpdir(), "unravel-onnx-"));
  try {
    const names = files.map((bytes, k) => {
      const name = join(folder, `${k}.onnx`);
      writeFileSync(name, bytes);
      return name;
    });
    const lines = execFileSync(PYTHON ?? "python3", ["-c", PROGRAM, ...names], { encoding: "utf8" });
    return lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
