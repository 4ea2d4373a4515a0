import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { formatModel } from "../packages/core/src/index.js";
import { runPython, testWithNumpy } from "../packages/core/test/support/numpy.js";
import { smallModel } from "../packages/core/test/support/smallModel.js";
import { temporaryFolder } from "./support/folder.js";

testWithNumpy("README's three lines load a model's weights into NumPy", async () => {
  const readme = readFileSync(join(import.meta.dirname, "..", "README.md"), "utf8");
  const [, lines] = readme.match(/^```python\n(.*?)^```$/ms) ?? [];
  expect(lines.trim().split("\n")).toHaveLength(3);

  const saved = smallModel();
  const folder = await temporaryFolder({ "model.safetensors": formatModel(saved) });
  const print =
    "print(json.dumps({name: [str(w.dtype), w.shape, w.ravel().tolist()] for name, w in weights.items()}))";
  const printed = runPython(`import os, sys\nos.chdir(sys.argv[1])\n${lines}\n${print}`, folder);

  const expected = Object.entries(saved.parameters).map(([name, { shape, data }]) => [
    name,
    ["float32", shape, [...data]],
  ]);
  expect(Object.entries(JSON.parse(printed))).toEqual(expected);
});
