import { defineModel, formatModel, InputError, initialParameters, parseZip } from "unravel-cnn";
import { expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { formatSafetensors } from "../../../core/src/formats/safetensors.js";
import { formatZip } from "../../../core/src/formats/zip.js";
import { exportModel } from "../../src/export/index.js";
import { importModel } from "../../src/import/index.js";
import { kerasBytes } from "../support/goldenKeras.js";
import { behind, entry, functional, importKeras, readModelJson } from "../support/kerasJson.js";
import { type Dice, dice, mutateBytes, mutateJson } from "../support/mutations.js";
import { expectRefused } from "../support/refused.js";

/* Files that lie. Nothing but an InputError may come out, soon, and nothing may be taken into memory that the file doesn't have. */

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** How long one file may take, on a machine that others share. */
const LONGEST = 5000;

async function fuzz(name: string, read: (random: Dice) => Promise<unknown>, runs: number): Promise<void> {
  const random = dice(11, name);
  const outcomes = { read: 0, refused: 0 };
  for (let k = 0; k < runs; k++) {
    const began = performance.now();
    try {
      await read(random);
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof InputError)) throw new Error(`${name}, file ${k}`, { cause: error });
      expect(error.message, `${name}, file ${k}`).toMatch(/^FILE\b[^\n]+\.$/);
      outcomes.refused++;
    }
    expect(performance.now() - began, `${name}, file ${k}: milliseconds`).toBeLessThan(LONGEST);
  }
  expect(outcomes.refused, `${name}: some are refused`).toBeGreaterThan(runs / 10);
}

test.each(["plain.h5", "packed.h5", "branches.h5", "no-layers.h5"])("%s with bytes changed", async (name) => {
  const bytes = kerasBytes(name);
  await fuzz(
    name,
    (random) => importModel({ name: "FILE.h5", bytes: mutateBytes(bytes, random) }),
    few(30, 2000),
  );
});

test.each(["separable.keras", "nested.keras"])("%s with its members changed", async (name) => {
  const members = parseZip(kerasBytes(name), () => true, fail).map((member) => ({
    name: member.name,
    bytes: member.bytes(),
  }));
  const changed = (random: Dice) =>
    members.map((member) => {
      if (random.below(2) === 0) return member;
      const bytes = member.name.endsWith(".json")
        ? encode(mutateJson(JSON.parse(decode(member.bytes)), random))
        : mutateBytes(member.bytes, random);
      return { ...member, bytes };
    });
  await fuzz(
    name,
    (random) => importModel({ name: "FILE.keras", bytes: formatZip(changed(random)) }),
    few(30, 2000),
  );
  const bytes = kerasBytes(name);
  await fuzz(
    name,
    (random) => importModel({ name: "FILE.keras", bytes: mutateBytes(bytes, random) }),
    few(10, 500),
  );
});

const spec = {
  input: [2, 6, 5] as const,
  layers: [
    { type: "conv2d", filters: 3, kernel: 3, padding: 1, stride: 2 },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "concat", from: ["relu1", "norm1"] },
    { type: "averagePool2d", size: 2 },
    { type: "flatten" },
    { type: "dense", units: 3 },
  ] as const,
};
const model = defineModel(spec);
const parameters = initialParameters(model, 1);

test("model.json with its description changed", async () => {
  const [main, weights] = await exportModel({ model, parameters }, "tfjs", {
    weights: "int8",
    pixels: true,
    softmax: true,
  });
  const file = JSON.parse(decode(main.bytes));
  await fuzz(
    "model.json",
    async (random) => {
      const changed = mutateJson(file, random);
      const bytes = encode(changed);
      const beside = async () => (random.below(4) === 0 ? mutateBytes(weights.bytes, random) : weights.bytes);
      await importModel({ name: "FILE.json", bytes }, { beside });
    },
    few(100, 5000),
  );
});

test("a state_dict with bytes changed", async () => {
  const own = formatModel({ model, parameters });
  const others = formatSafetensors(
    Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`module.${name}`, value])),
  );
  for (const bytes of [own, others])
    await fuzz(
      "state_dict",
      (random) => importModel({ name: "FILE.safetensors", bytes: mutateBytes(bytes, random) }, { spec }),
      few(40, 2000),
    );
});

function fail(problem: string): never {
  throw new Error(problem);
}

test("weights that lie about their shapes", async () => {
  const [main, { bytes }] = await exportModel({ model, parameters }, "tfjs");
  const lie = (change: (weight: { shape: unknown; dtype: unknown; quantization?: unknown }) => void) => {
    const file = JSON.parse(decode(main.bytes));
    change(file.weightsManifest[0].weights[0]);
    return readModelJson(file, { "model.weights.bin": bytes });
  };
  const lies: readonly [Parameters<typeof lie>[0], RegExp][] = [
    [(weight) => (weight.shape = [2 ** 30, 2 ** 20]), /end at byte \d+, but their files have 360/],
    [(weight) => (weight.shape = [2 ** 40, 2 ** 40]), /have the shape \[1099511627776/],
    [(weight) => (weight.shape = [-1]), /have the shape \[-1\]/],
    [(weight) => (weight.shape = [1]), /the manifest tells of/],
    [(weight) => (weight.dtype = "string"), /are of the type "string"/],
    [(weight) => (weight.dtype = "int32"), /are of the type int32, not numbers with fractions/],
    [(weight) => (weight.quantization = { dtype: "uint8" }), /without a scale and a min/],
  ];
  for (const [change, message] of lies) await expectRefused(lie(change), message);
});

test("JSON that is nested deep, and zip files that unpack to gigabytes", async () => {
  const depth = 100_000;
  const nested = `{"modelTopology": ${"[".repeat(depth)}${"]".repeat(depth)}}`;
  await expectRefused(
    importModel({ name: "deep.json", bytes: new TextEncoder().encode(nested) }),
    /no modelTopology/,
  );
  const many = `{"modelTopology": [${"1,".repeat(2 ** 20)}1]}`;
  await expectRefused(
    importModel({ name: "many.json", bytes: new TextEncoder().encode(many) }),
    /more than a million values/,
  );
  // the directory of a zip file says how much there will be
  const bomb = formatZip([{ name: "config.json", bytes: new Uint8Array(100) }]);
  const view = new DataView(bomb.buffer);
  const directory = view.getUint32(bomb.length - 6, true);
  view.setUint32(directory + 24, 2 ** 31, true);
  await expectRefused(importModel({ name: "bomb.keras", bytes: bomb }), /would unpack to 2147483648 bytes/);
});

test("a few bytes that name gigabytes of rows in order", async () => {
  const same = (name: string, input: string) =>
    behind([input, input], entry("Concatenate", { name, axis: -1 }));
  const chain = Array.from({ length: 4 }, (_, k) => same(`c${k}`, k === 0 ? "x" : `c${k - 1}`));
  const flatten = behind(["c3"], entry("Flatten"));
  const sums = Array.from({ length: 500 }, (_, k) =>
    behind(["flatten"], entry("Activation", { name: `a${k}`, activation: "tanh" })),
  );
  const all = behind(
    sums.map(({ config }) => config.name as string),
    entry("Concatenate", { name: "all" }),
  );
  const x = behind([], entry("InputLayer", { name: "x", batch_input_shape: [null, 2048, 2048, 4] }));
  const before = process.memoryUsage().rss;
  await expectRefused(
    importKeras(functional("x", "all", x, ...chain, flatten, ...sums, all)),
    /longer than the limit of 33,554,432 together/,
  );
  expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 29);
});
