import { writeFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import { formatSafetensors } from "../../core/src/formats/safetensors.js";
import {
  createEngine,
  defineModel,
  evaluate,
  initialParameters,
  type ModelSpec,
  parseStateDict,
  predict,
} from "../../core/src/index.js";
import { loadData, readBytes, readModel } from "../../core/src/node/index.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { greyOf, pictureOf, pngOf } from "./support/pictures.js";
import { useShapes } from "./support/shapes.js";

/* Weights that PyTorch wrote, with the network in a file of its own: --spec. */

const at = scratchFolder();
const data = useShapes(at, "shapes", { train: 40, test: 60 });

const spec: ModelSpec = {
  input: [1, 12, 12],
  layers: [
    { type: "conv2d", filters: 4, kernel: 3 },
    { type: "batchNorm2d" },
    { type: "relu" },
    { type: "flatten" },
    { type: "dense", units: 10 },
  ],
};
/** The names of a Sequential. */
const modules: Readonly<Record<string, string>> = { conv1: "0", norm1: "1", fc1: "4" };
const parameters = initialParameters(defineModel(spec), 4);
const picture = greyOf(12, 12, (x, y) => 20 * x + y);

beforeAll(async () => {
  const renamed = Object.entries(parameters).map(([name, tensor]) => {
    const [layer, leaf] = name.split(".");
    return [`${modules[layer]}.${leaf}`, tensor] as const;
  });
  const weights = Object.fromEntries(renamed);
  const counter = { shape: [1], data: Float32Array.of(9) };
  await writeFile(at("net.json"), JSON.stringify(spec));
  await writeFile(at("bare.safetensors"), formatSafetensors(weights));
  await writeFile(at("net.safetensors"), formatSafetensors({ ...weights, "1.num_batches_tracked": counter }));
  const layers = spec.layers.map((layer) => (layer.type === "conv2d" ? { ...layer, filters: 5 } : layer));
  await writeFile(at("other.json"), JSON.stringify({ ...spec, layers }));
  await writeFile(at("damaged.json"), '{"input":[1,12,12],');
  await writeFile(at("one.png"), pngOf(pictureOf(picture)));
});

/** What the library makes of the same two files. */
async function engineOfLibrary() {
  const { model, parameters } = parseStateDict(await readBytes(at("net.safetensors")), "net", spec);
  return createEngine(model.spec, { parameters, threads: 1 });
}

const files = () => [at("net.safetensors"), "--spec", at("net.json")];
const LEFT_OUT =
  /net\.safetensors: left out, because nothing is computed from it: 1\.num_batches_tracked\.\n/;

test("evaluate measures what the library does, and says what it left out", async () => {
  const options = ["--threads", "1", "--json"];
  const { stdout, stderr } = await succeed(["evaluate", ...files(), ...data(), ...options]);
  const engine = await engineOfLibrary();
  try {
    const { test } = await loadData(at("shapes"));
    const expected = JSON.parse(JSON.stringify(await evaluate(engine, test)));
    expect(JSON.parse(stdout)).toMatchObject({ trained: true, images: 60, ...expected });
  } finally {
    await engine.close();
  }
  expect(stderr.match(new RegExp(LEFT_OUT, "g"))).toHaveLength(1);
});

test("nothing is said where nothing is left out, or with --quiet", async () => {
  const bare = [at("bare.safetensors"), "--spec", at("net.json")];
  expect((await succeed(["evaluate", ...bare, ...data()])).stderr).not.toContain("left out");
  expect((await succeed(["evaluate", ...files(), ...data(), "--quiet"])).stderr).toBe("");
});

test("predict takes it, too", async () => {
  const { stdout, stderr } = await succeed(["predict", ...files(), at("one.png"), "--raw", "--json"]);
  const engine = await engineOfLibrary();
  try {
    const [expected] = await predict(engine, Uint8Array.from(picture.data));
    const [answer] = JSON.parse(stdout);
    expect(answer.class).toBe(expected.class);
    expect(answer.probability).toBeCloseTo(expected.probability, 6);
  } finally {
    await engine.close();
  }
  expect(stderr).toMatch(LEFT_OUT);
});

test.each<readonly [string, string, RegExp]>([
  [
    "of another network",
    "other.json",
    /net\.safetensors: which tensors belong to which layer isn't clear: with bias \[5\], weight \[5, 1, 3, 3\] the network has "conv1", the file none;/,
  ],
  ["damaged", "damaged.json", /damaged\.json: The model spec is not valid JSON/],
  ["not there", "none.json", /none\.json: there is no such file or folder/],
  [
    "that is no spec, but the weights",
    "net.safetensors",
    /net\.safetensors: The model spec is not valid JSON/,
  ],
])("a spec %s: one sentence", async (_, name, message) => {
  const wrong = [at("net.safetensors"), "--spec", at(name)];
  expectRefusal(await unravel(["evaluate", ...wrong, ...data()]), 2, message);
  expectRefusal(await unravel(["predict", ...wrong, at("one.png")]), 2, message);
});

test("weights alone are refused with a hint to --spec; a spec for something else, too", async () => {
  const bare = await unravel(["evaluate", at("bare.safetensors"), ...data()]);
  expectRefusal(bare, 2, /carries no model spec .*\(--spec net\.json\)/);
  const builtIn = await unravel(["evaluate", "one-conv", "--spec", at("net.json"), ...data()]);
  expectRefusal(builtIn, 2, /--spec says which network a \.safetensors file is of, but one-conv is none/);
});

test.each([
  ["summary", []],
  ["inspect", []],
  ["gradcheck", ["--images", "1", "--cells", "2"]],
  ["explain", ["--quiet"]],
  ["explain", []],
])("%s %j takes it, too, and names what is left out", async (command, more) => {
  const picture = command === "explain" ? [at("one.png")] : [];
  const { stdout, stderr } = await succeed([command, ...files(), ...picture, ...more]);
  expect(stdout).not.toBe("");
  expect(/net\.safetensors: left out, because .*: 1\.num_batches_tracked\./.test(stderr)).toBe(
    !more.includes("--quiet"),
  );
});

test("train starts from these weights", async () => {
  const still = ["--epochs", "1", "--learning-rate", "1e-30", "--optimizer", "sgd"];
  const out = at("on.safetensors");
  const { stderr } = await succeed(["train", "--model", ...files(), ...data(), ...still, "--out", out]);
  expect(stderr).toMatch(/left out, because .*: 1\.num_batches_tracked\./);
  const trained = await readModel(out);
  expect(trained.parameters["fc1.weight"]).toEqual(parameters["fc1.weight"]);
  const fresh = await unravel(["train", "--model", ...files(), ...data(), "--init", "he"]);
  expectRefusal(fresh, 2, /--init goes with fresh weights/);
});

test("check takes the network of its --model from it", async () => {
  await succeed(["check", "--example", at("right.npz")]);
  // of other images than the network's: the network was read, and compared
  const other = await unravel(["check", at("right.npz"), "--model", ...files()]);
  expectRefusal(other, 2, /given network/);
  const alone = await unravel(["check", at("right.npz"), "--spec", at("net.json")]);
  expectRefusal(alone, 2, /--spec goes with a --model/);
});
