import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { formatSafetensors } from "../../core/src/formats/safetensors.js";
import { defineModel, formatModel, initialParameters, type ModelSpec } from "../../core/src/index.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";

/* Networks to TensorFlow.js and from there, from Keras's files and from PyTorch's weights, by the commands. */

const scratch = scratchFolder();
const golden = (name: string) => new URL(`../../files/golden/keras/${name}`, import.meta.url);

const spec: ModelSpec = {
  input: [1, 9, 9],
  layers: [
    { type: "conv2d", filters: 3, kernel: 3 },
    { type: "relu" },
    { type: "flatten" },
    { type: "dense", units: 2 },
  ],
  classes: ["cat", "dog"],
  normalize: { mean: [0.25], std: [0.5] },
};
const model = defineModel(spec);
const parameters = initialParameters(model, 5);

test("to TensorFlow.js and back", async () => {
  const at = scratch;
  await writeFile(at("net.safetensors"), formatModel({ model, parameters }));
  await mkdir(at("web"));
  const args = ["export", at("net.safetensors"), "--out", at("web", "model.json"), "--pixels", "--softmax"];
  const { stdout } = await succeed(args);
  expect(stdout).toMatch(
    /^Wrote .*model\.json \([\d,]+ bytes\)\nWrote .*model\.weights\.bin \([\d,]+ bytes\)\n$/,
  );
  // its own files are replaced
  const { stdout: json } = await succeed([...args, "--json"]);
  expect(JSON.parse(json)).toMatchObject({ to: "tfjs", files: [{}, { bytes: 4 * model.parameterCount }] });

  const back = await succeed(["import", at("web", "model.json"), "--out", at("back.safetensors")]);
  expect(back.stdout).toMatch(/^conv1\.weight +conv1\/kernel +turned to \[out, in, height, width\]$/m);
  expect(back.stderr).toMatch(/became the normalisation of\spixels/);
  const told = JSON.parse(
    (await succeed(["import", at("web", "model.json"), "--json", "--out", at("back.safetensors")])).stdout,
  );
  expect(told.spec).toMatchObject({ classes: spec.classes, normalize: spec.normalize, input: spec.input });
  // the numbers are the same, whatever the way
  const [there, here] = await Promise.all(
    [at("net.safetensors"), at("back.safetensors")].map((path) => readFile(path)),
  );
  expect(here.subarray(-4 * model.parameterCount).equals(there.subarray(-4 * model.parameterCount))).toBe(
    true,
  );
});

test.each(["plain.h5", "nested.keras"])("%s becomes a model that commands take", async (name) => {
  await copyFile(golden(name), scratch(name));
  const { stdout } = await succeed(["import", scratch(name)], { cwd: scratch() });
  expect(stdout).toMatch(/Wrote \w+\.imported\.safetensors: \d+ layers, [\d,]+ parameters\n$/);
  const imported = name.replace(/\.\w+$/, ".imported.safetensors");
  const summary = await succeed(["summary", imported], { cwd: scratch() });
  expect(summary.stdout).toMatch(/flatten1/);
});

test("a state_dict with a spec", async () => {
  const at = scratch;
  const tensors = Object.entries(parameters).map(([name, tensor]) => [`module.${name}`, tensor] as const);
  await writeFile(at("weights.safetensors"), formatSafetensors(Object.fromEntries(tensors)));
  await writeFile(at("net.json"), JSON.stringify(spec));
  const args = ["import", at("weights.safetensors"), "--out", at("torch.safetensors")];
  const { stdout } = await succeed([...args, "--spec", at("net.json")]);
  expect(stdout).toMatch(/^fc1\.weight +module\.fc1\.weight +by its name$/m);
  expectRefusal(await unravel(args), 2, /it holds only weights, .*--spec net\.json/);
});

test("what can't be read or written is refused", async () => {
  const at = scratch;
  await writeFile(at("old.pt"), Uint8Array.of(0x80, 2, 0x8a, 0x0a));
  expectRefusal(
    await unravel(["import", at("old.pt")]),
    2,
    /Python's pickle, .*safetensors\.torch\.save_file/,
  );
  await writeFile(
    at("alone.json"),
    JSON.stringify({
      modelTopology: {
        class_name: "Sequential",
        config: [{ class_name: "Dense", config: { name: "a", batch_input_shape: [null, 3], units: 2 } }],
      },
      weightsManifest: [{ paths: ["gone.bin"], weights: [] }],
    }),
  );
  expectRefusal(await unravel(["import", at("alone.json")]), 2, /gone\.bin/);
  await writeFile(at("mine.json"), "{}");
  expectRefusal(
    await unravel(["export", "one-conv", "--to", "tfjs", "--out", at("mine.json")]),
    2,
    /mine\.json is there already/,
  );
});
