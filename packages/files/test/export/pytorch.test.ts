import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseNpz, tensorsOf } from "unravel-cnn";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { few } from "../../../../test/support/long.js";
import { PYTHON } from "../../../core/test/support/numpy.js";
import { exportModel } from "../../src/export/index.js";
import { MODULE_ATTRIBUTES, torchNames } from "../../src/export/pytorch/names.js";
import { difference, inputsOf, largest, programCases, runs, textbookTrace } from "../support/programs.js";

const driver = fileURLToPath(new URL("../support/torchDriver.py", import.meta.url));

// PyTorch is too large for CI, so there this is skipped, too
test("a module gives the numbers of the textbook, and its gradients", async (context) => {
  // looked for, not imported, which takes seconds
  const seek = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";
  if (PYTHON === undefined || !runs(PYTHON, "-c", seek)) context.skip("Python 3 with PyTorch is not here");
  const cases = programCases(few(2, 150)).map((one) => {
    const isDropping = one.model.layers.some(({ spec }) => spec.type === "dropout");
    return { one, training: one.model.state.length > 0 && !isDropping };
  });
  const files: Record<string, Uint8Array> = {};
  for (const [k, { one, training }] of cases.entries()) {
    for (const { name, bytes } of await exportModel(one, "pytorch", { name: `net${k}` })) files[name] = bytes;
    files[`case${k}.npz`] = inputsOf(one, { training: { shape: [], data: Uint8Array.of(Number(training)) } });
  }
  const folder = await temporaryFolder(files);
  const args = [driver, folder, String(cases.length)];
  const attributes = execFileSync(PYTHON as string, args, { stdio: "pipe", encoding: "utf8" })
    .trim()
    .split(" ");
  expect(attributes.filter((name) => !MODULE_ATTRIBUTES.includes(name))).toEqual([]);
  for (const [k, { one, training }] of cases.entries()) {
    const { model } = one;
    const what = JSON.stringify(model.spec);
    const results = parseNpz(new Uint8Array(readFileSync(join(folder, `result${k}.npz`))), `result${k}`);
    const { probs } = textbookTrace(one, "evaluation").tensors;
    expect(difference(results.predicted.data, probs.data), what).toBeLessThan(1e-4);
    const right = tensorsOf(textbookTrace(one, training ? "training" : "evaluation"));
    expect(difference(results.loss.data, right.loss.data), `loss ${what}`).toBeLessThan(1e-4);
    const names = torchNames(model);
    // what batch normalisation takes off cancels, and leaves of some gradients no more than the rounding of others
    const gradients = Object.entries(right).filter(([name]) => name.startsWith("grad."));
    const bound = training ? 1e-3 : 1e-4; // normalised by three numbers, what was rounded before is magnified
    const floor = training ? Math.max(...gradients.map(([, { data }]) => largest(data))) : 0;
    for (const layer of model.layers) {
      for (const { name, fullName } of layer.parameters) {
        const theirs = results[`grad.${names.get(layer.name)}.${name}`];
        const off = difference(theirs.data, right[`grad.${fullName}`].data, floor);
        expect(off, `${fullName} ${what}`).toBeLessThan(bound);
        expect(results[`${names.get(layer.name)}.${name}`].data).toEqual(one.parameters[fullName].data);
      }
    }
  }
});
