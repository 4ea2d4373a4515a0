import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkArrays, parseNpz, ReferenceEngine, tensorsOf, withUpdate } from "unravel-cnn";
import { expect } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { few, sampleOf } from "../../../../test/support/long.js";
import { PYTHON, testWithNumpy } from "../../../core/test/support/numpy.js";
import { exportModel } from "../../src/export/index.js";
import {
  difference,
  IMAGES,
  inputsOf,
  largest,
  type ProgramCase,
  programCases,
  textbookTrace,
} from "../support/programs.js";

const driver = fileURLToPath(new URL("../support/numpyDriver.py", import.meta.url));

/** Exports the cases, runs them all in one Python, and reads what each gave. */
async function runAll(cases: readonly ProgramCase[]) {
  const files: Record<string, Uint8Array> = {};
  for (const [k, one] of cases.entries()) {
    for (const { name, bytes } of await exportModel(one, "numpy", { name: `net${k}` })) files[name] = bytes;
    files[`case${k}.npz`] = inputsOf(one);
  }
  const folder = await temporaryFolder(files);
  execFileSync(PYTHON as string, ["-W", "error", driver, folder, String(cases.length)], { stdio: "pipe" });
  return cases.map((_, k) =>
    parseNpz(new Uint8Array(readFileSync(join(folder, `result${k}.npz`))), `result${k}`),
  );
}

type Arrays = Awaited<ReturnType<typeof runAll>>[number];

/** Those whose names begin so, without it. */
const part = (arrays: Arrays, begin: string): Arrays =>
  Object.fromEntries(
    Object.entries(arrays)
      .filter(([name]) => name.startsWith(begin))
      .map(([name, array]) => [name.slice(begin.length), array]),
  );

/**
 * In float32, of sums that were added up in another order. Batch normalisation by the three numbers of a batch magnifies what was
 * rounded before it.
 */
const boundOf = (isNormalizing: boolean) => (isNormalizing ? 1e-3 : 1e-4);

testWithNumpy(
  "a program gives the numbers of the textbook, forward, backward and after two steps",
  async () => {
    const cases = programCases(few(2, 150));
    const results = await runAll(cases);
    const checked = new Set(sampleOf([...cases.keys()], 5));
    for (const [k, one] of cases.entries()) {
      const what = JSON.stringify(one.model.spec);
      let floor = 0;
      const isModal = one.model.layers.some(({ kind }) => kind.looksAtContext);
      for (const mode of isModal ? (["evaluation", "training"] as const) : (["evaluation"] as const)) {
        const right = tensorsOf(withUpdate(textbookTrace(one, mode), 0.1));
        const given = part(results[k], `${mode}/`);
        expect(Object.keys(given).sort(), what).toEqual(Object.keys(right).sort());
        // what batch normalisation takes off cancels, and leaves of some gradients no more than the rounding of others
        const cancels = mode === "training" && one.model.state.length > 0;
        const gradients = Object.entries(right).filter(([name]) => name.startsWith("grad."));
        floor = cancels ? Math.max(...gradients.map(([, { data }]) => largest(data))) : 0;
        for (const [name, { shape, data }] of Object.entries(right)) {
          expect(given[name].shape, `${name} ${what}`).toEqual(shape);
          const off = difference(given[name].data, data, /^(grad|new)\./.test(name) ? floor : 0);
          expect(off, `${mode} ${name} ${what}`).toBeLessThan(boundOf(cancels));
          if (!["y", "loss", "lr"].includes(name))
            expect(given[name].data, `${name} ${what}`).toBeInstanceOf(Float32Array);
        }
        // the check doesn't know label smoothing, nor how far rounding goes where three numbers are normalised, and it has to guess
        // a dropout's rate from what is dropped
        const drops = one.model.layers.some(({ spec }) => spec.type === "dropout");
        const isJudged = mode === "evaluation" || (one.model.fewestImages === 1 && !drops);
        // where the right class's probability is too small for float32, it expects an infinite loss, and the program's is finite
        const underflows = Math.max(...right.loss.data) > 80 / IMAGES;
        if (one.model.loss.labelSmoothing > 0 || !isJudged || underflows || !checked.has(k)) continue;
        const report = checkArrays(given, { model: one.model.spec });
        expect(report.mistakes, `${mode} ${what}`).toEqual([]);
        expect(report.first, `${mode} ${what}`).toBe(null);
      }
      const engine = new ReferenceEngine(one.model, one.parameters);
      const { classes, inputShape } = one.model;
      const run = await engine.startTraining(
        { name: "three", shape: inputShape, images: one.images, labels: one.labels, classes },
        {
          batchSize: 3,
          optimizer: { type: "sgd", momentum: 0, nesterov: false, weightDecay: 0, decay: "all" },
        },
      );
      await run.epoch(Uint32Array.of(0, 1, 2, 2, 0, 1), Float64Array.of(0.05, 0.05));
      const { parameters } = await run.state();
      const stepped = part(results[k], "stepped/");
      for (const [name, { data }] of Object.entries(parameters)) {
        expect(difference(stepped[name].data, data, floor), `${name} after two steps ${what}`).toBeLessThan(
          boundOf(one.model.state.length > 0),
        );
      }
    }
  },
);
