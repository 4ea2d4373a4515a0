import { defineModel, formatModel, initialParameters, type ModelSpec, type NamedTensors } from "unravel-cnn";
import { expect, test } from "vitest";
import { formatSafetensors } from "../../../core/src/formats/safetensors.js";
import { importModel } from "../../src/import/index.js";
import { expectRefused } from "../support/refused.js";

/* Weights that PyTorch's users saved, with the network beside. */

const spec: ModelSpec = {
  input: [1, 8, 8],
  layers: [
    { type: "conv2d", filters: 4, kernel: 3 },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "conv2d", filters: 4, kernel: 1 },
    { type: "flatten" },
    { type: "dense", units: 3 },
  ],
};
const parameters = initialParameters(defineModel(spec), 3);
const read = (bytes: Uint8Array) => importModel({ name: "net.safetensors", bytes }, { spec });

/** The tensors by other names, and of other shapes. */
function renamed(
  change: (name: string) => string,
  shape: (name: string, shape: readonly number[]) => readonly number[] = (_, own) => own,
): Uint8Array {
  const entries = Object.entries(parameters).map(([name, tensor]) => [
    change(name),
    { ...tensor, shape: shape(name, tensor.shape) },
  ]);
  return formatSafetensors(Object.fromEntries(entries) as NamedTensors);
}

test.each([
  ["its own names", (name: string) => name, "by its name"],
  ["a prefix", (name: string) => `model.${name}`, "by its name"],
  ["two prefixes", (name: string) => `module.model.${name}`, "by its name"],
  [
    "other names",
    (name: string) =>
      `module.${name.replace("conv1", "0").replace("norm1", "1").replace("conv2", "3").replace("fc1", "5")}`,
    "by its shape and order",
  ],
])("%s: the table says what went where", async (_, change, how) => {
  const { table, parameters: found, remarks } = await read(renamed(change));
  expect(found).toEqual(parameters);
  expect(table).toHaveLength(Object.keys(parameters).length);
  for (const row of table) expect(row).toEqual({ to: row.to, from: change(row.to), how });
  expect(remarks).toEqual([]);
});

const wide = (name: string, shape: readonly number[]) =>
  name.startsWith("norm1") ? (name.endsWith("mean") ? [1, ...shape, 1, 1] : [...shape, 1, 1]) : shape;

test.each([
  ["its own names", (name: string) => name],
  ["other names", (name: string) => `m.${name.replace("norm1", "bn")}`],
])("one value per channel as [C, 1, 1] or [1, C, 1, 1], under %s", async (_, change) => {
  const { table, parameters: found } = await read(renamed(change, wide));
  expect(found).toEqual(parameters);
  expect(table.find(({ to }) => to === "norm1.running_mean")?.how).toMatch(/\[1, 4, 1, 1\] as \[4\]/);
  expect(table.find(({ to }) => to === "norm1.weight")?.how).toMatch(/\[4, 1, 1\] as \[4\]/);
});

test("float16, bfloat16 and float64 become float32, which is said", async () => {
  const kinds = { "conv1.bias": "F16", "conv2.bias": "BF16", "fc1.bias": "F64" } as Record<string, string>;
  const sizes: Record<string, number> = { F16: 2, BF16: 2, F64: 8, F32: 4 };
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    const dtype = kinds[name] ?? "F32";
    const bytes = new Uint8Array(data.length * sizes[dtype]);
    const view = new DataView(bytes.buffer);
    // 1 in each of the short types
    data.forEach((value, k) => {
      if (dtype === "F16") view.setUint16(2 * k, 0x3c00, true);
      else if (dtype === "BF16") view.setUint16(2 * k, 0x3f80, true);
      else if (dtype === "F64") view.setFloat64(8 * k, 1, true);
      else view.setFloat32(4 * k, value, true);
    });
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
    parts.push(bytes);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let at = 8 + json.length;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  const { table, parameters: found } = await read(file);
  for (const [name, dtype] of Object.entries(kinds)) {
    expect(new Set(found[name].data)).toEqual(new Set([1]));
    expect(table.find(({ to }) => to === name)?.how).toBe(`by its name, ${dtype} as float32`);
  }
});

test("a model of unravel is read as it is, and PyTorch's counters are left out", async () => {
  const model = await read(formatModel({ model: defineModel(spec), parameters }));
  expect(model.remarks.join(" ")).toMatch(
    /is a model of unravel already .* the spec that was given isn't needed/,
  );
  expect(model.parameters).toEqual(parameters);
  const counted = { ...parameters, "norm1.num_batches_tracked": { shape: [], data: Float32Array.of(3) } };
  expect((await read(formatSafetensors(counted))).remarks).toEqual([
    "Left out, as nothing is computed from them: norm1.num_batches_tracked.",
  ]);
});

test("what can't be read is refused in a sentence", async () => {
  const bytes = formatSafetensors(parameters);
  await expectRefused(
    importModel({ name: "net.safetensors", bytes }),
    /holds only weights.*--spec net\.json/,
  );
  await expectRefused(
    read(formatSafetensors({ "a.weight": parameters["fc1.weight"] })),
    /which tensors belong to which layer isn't clear/,
  );
  // torch.save before and since PyTorch 1.6
  const old = Uint8Array.of(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46);
  const zipped = new Uint8Array(60);
  zipped.set([0x50, 0x4b, 3, 4]);
  zipped[26] = 16;
  zipped.set(new TextEncoder().encode("archive/data.pkl"), 30);
  for (const bytes of [old, zipped, new Uint8Array(4)])
    await expectRefused(
      importModel({ name: "net.pt", bytes }),
      /safetensors\.torch\.save_file\(model\.state_dict\(\)/,
    );
});
