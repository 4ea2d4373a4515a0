import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { formatModel } from "../packages/core/src/index.js";
import { smallModel } from "../packages/core/test/support/smallModel.js";
import { temporaryFolder } from "./support/folder.js";
import { testIfPresent } from "./support/needs.js";

// Debian's own Python first: it has NumPy where another one on the path may not.
const python = ["/usr/bin/python3", "python3", "python"].find(
  (command) => spawnSync(command, ["-c", "import numpy"]).status === 0,
);
const testWithNumPy = testIfPresent(python !== undefined, "Python 3 with NumPy is not here");

testWithNumPy("README's three lines load a model's weights into NumPy", async () => {
  const readme = readFileSync(join(import.meta.dirname, "..", "README.md"), "utf8");
  const [, lines] = readme.match(/^```python\n(.*?)^```$/ms) ?? [];
  expect(lines.trim().split("\n")).toHaveLength(3);

  const saved = smallModel();
  const folder = await temporaryFolder({ "model.safetensors": formatModel(saved) });
  const print =
    "print(json.dumps({name: [str(w.dtype), w.shape, w.ravel().tolist()] for name, w in weights.items()}))";
  const printed = execFileSync(python!, ["-c", `${lines}\n${print}`], { cwd: folder, encoding: "utf8" });

  const expected = Object.entries(saved.parameters).map(([name, { shape, data }]) => [
    name,
    ["float32", shape, [...data]],
  ]);
  expect(Object.entries(JSON.parse(printed))).toEqual(expected);
});
