import { mkdir, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { startProcess } from "../../../test/support/processes.js";
import { builtIn, defineModel, initialParameters, type Picture } from "../../core/src/index.js";
import { writeModel } from "../../core/src/node/index.js";
import {
  cleanEnv,
  type Ended,
  ended,
  expectNoTrace,
  expectRefusal,
  scratchFolder,
  succeed,
  UNRAVEL,
  unravel,
} from "./support/cli.js";
import { drawnOn, greyOf, jpegOf, pictureOf, pngOf } from "./support/pictures.js";

/*
 * unravel predict as a process.
 */

const at = scratchFolder();

/** A digit 1 of some width, off-centre. */
const one = (paper: number, ink: number, size = 60) =>
  drawnOn(
    greyOf(size / 5, size, () => 255),
    { width: 2 * size, height: 2 * size, left: 7, top: 11, paper, ink },
  );

/** Two bars, as far apart as they are high. */
const two = greyOf(160, 120, (x, y) =>
  y > 20 && y < 100 && (Math.abs(x - 36) < 6 || Math.abs(x - 116) < 6) ? 0 : 255,
);
/** A corner, a pixel wide. */
const thin = greyOf(150, 150, (x, y) =>
  (x === 30 && y > 20 && y < 130) || (y === 129 && x > 30 && x < 100) ? 0 : 255,
);
/** The beginning of a JPEG with four components. */
const CMYK = Uint8Array.of(
  ...[0xff, 0xd8, 0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0],
  ...[0xff, 0xc0, 0, 20, 8, 0, 16, 0, 16, 4, 1, 17, 0, 2, 17, 0, 3, 17, 0, 4, 17, 0, 0xff, 0xd9],
);

const png = (picture: Picture) => pngOf(picture);
const raw = pictureOf(greyOf(28, 28, (x, y) => (x > 11 && x < 16 && y > 3 && y < 24 ? 255 : 0)));
let model: string;

beforeAll(async () => {
  model = at("model.safetensors");
  const defined = defineModel(builtIn("one-conv", { filters: 2 }));
  await writeModel(model, { model: defined, parameters: initialParameters(defined, 5) });
  await writeFile(at("dark.png"), png(pictureOf(one(255, 0))));
  await writeFile(at("light.png"), png(pictureOf(one(0, 255, 100))));
  await writeFile(at("photo"), await jpegOf(one(230, 40, 100), 90));
  await writeFile(at("raw.png"), png(raw));
  await writeFile(at("blank.png"), png(pictureOf(one(255, 255))));
  await writeFile(at("cut.png"), png(pictureOf(one(255, 0))).slice(0, 90));
  await writeFile(at("cat.png"), "GIF89a and so on");
  await writeFile(at("two.png"), png(pictureOf(two)));
  await writeFile(at("thin.png"), png(pictureOf(thin)));
  await writeFile(at("cmyk.jpg"), CMYK);
  await mkdir(at("folder.png"));
});

/** Runs predict with bytes on its standard input. */
async function piped(args: readonly string[], input: Uint8Array): Promise<Ended> {
  const child = startProcess(process.execPath, [UNRAVEL, "predict", ...args], { env: cleanEnv() });
  child.stdin?.on("error", () => {}).end(input);
  return ended(child);
}

const results = async (args: readonly string[]) =>
  JSON.parse((await succeed(["predict", ...args, "--json"])).stdout) as {
    file: string;
    index: number;
    class: string;
    probability: number;
    probabilities: number[];
  }[];

test("one line a file: name, class, probability, under each other", async () => {
  const files = [at("dark.png"), at("photo"), at("light.png")];
  const { stdout, stderr } = await succeed(["predict", model, ...files, "--quiet"]);
  expect(stderr).toBe("");
  const lines = stdout.split("\n");
  expect(lines.pop()).toBe("");
  expect(lines).toHaveLength(3);
  const width = Math.max(...files.map((file) => file.length));
  for (const [k, line] of lines.entries()) {
    expect(line.slice(0, width).trimEnd()).toBe(files[k]);
    expect(line.slice(width)).toMatch(/^ {2}\d {2}[01]\.\d{4}$/);
  }
  const json = await results([model, ...files]);
  expect(lines.map((line) => line.slice(width + 2))).toEqual(
    json.map((result) => `${result.class}  ${result.probability.toFixed(4)}`),
  );
});

test("--json: everything, as the contract says", async () => {
  const [result, ...others] = await results([model, at("dark.png")]);
  expect(others).toEqual([]);
  expect(Object.keys(result)).toEqual(["file", "index", "class", "probability", "probabilities"]);
  expect(result.file).toBe(at("dark.png"));
  expect(result.class).toBe(String(result.index));
  expect(result.probabilities).toHaveLength(10);
  expect(result.probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  expect(Math.max(...result.probabilities)).toBe(result.probability);
  expect(result.probabilities[result.index]).toBe(result.probability);
});

test("dark on light, light on dark, JPEG without a name that says so: one digit", async () => {
  const [dark, light, photo] = await results([model, at("dark.png"), at("light.png"), at("photo")]);
  expect(light.index).toBe(dark.index);
  for (const [k, probability] of dark.probabilities.entries()) {
    expect(light.probabilities[k]).toBeCloseTo(probability, 1);
    expect(photo.probabilities[k]).toBeCloseTo(probability, 1);
  }
});

test("what was done to a picture, and that the answer is doubtful, is told on the error output", async () => {
  const { stderr } = await succeed(["predict", model, at("thin.png")]);
  expect(stderr).toMatch(/thin\.png: strokes of [01]\.\d pixels were made wider\.\n/);
  // the weights are random
  expect(stderr).toMatch(/thin\.png: not sure: the network gives \d a probability of only 0\.[0-4]\d\.\n$/);
});

test("standard input", async () => {
  const { code, stdout, stderr } = await piped([model, "-", "--quiet"], png(pictureOf(one(255, 0))));
  expect([code, stderr]).toEqual([0, ""]);
  const [{ class: digit, probability }] = await results([model, at("dark.png")]);
  expect(stdout).toBe(`-  ${digit}  ${probability.toFixed(4)}\n`);
});

test("--bars: first the line, then a bar for each class, in 80 columns", async () => {
  const plain = await succeed(["predict", model, at("dark.png")]);
  const { stdout } = await succeed(["predict", model, at("dark.png"), "--bars"]);
  const [line, ...bars] = stdout.trimEnd().split("\n");
  expect(`${line}\n`).toBe(plain.stdout);
  expect(bars).toHaveLength(10);
  const [{ probabilities }] = await results([model, at("dark.png")]);
  for (const [k, bar] of bars.entries()) {
    expect(bar).toMatch(/^\d {2}[01]\.\d{4}( {2}#+)?$/);
    expect(bar.length).toBeLessThanOrEqual(80);
    expect(bar.startsWith(`${k}  ${probabilities[k].toFixed(4)}`)).toBe(true);
    expect(bar.split("#").length - 1).toBe(Math.round(69 * probabilities[k]));
  }
  expect((await succeed(["predict", model, at("dark.png"), "--bars", "--quiet"])).stdout).toBe(plain.stdout);
});

test("an untrained model says so, and depends on its seed and filters", async () => {
  const { stdout, stderr } = await succeed([
    "predict",
    "one-conv",
    at("dark.png"),
    "--filters",
    "2",
    "--seed",
    "5",
  ]);
  expect(stderr).toBe("one-conv, 2 filters is untrained: its weights are fresh from seed 5.\n");
  // The model in the file has the same weights.
  expect(stdout).toBe((await succeed(["predict", model, at("dark.png")])).stdout);
  const other = await succeed([
    "predict",
    "one-conv",
    at("dark.png"),
    "--filters",
    "2",
    "--seed",
    "6",
    "--quiet",
  ]);
  expect(other.stderr).toBe("");
  expect(other.stdout).not.toBe(stdout);
});

test("--raw takes the bytes as they are", async () => {
  const [asIs] = await results([model, at("raw.png"), "--raw"]);
  const [normalized] = await results([model, at("raw.png")]);
  expect(asIs.probabilities).not.toEqual(normalized.probabilities);
  expectRefusal(
    await unravel(["predict", model, at("dark.png"), "--raw"]),
    2,
    /dark\.png: the picture has 120x120 pixels, but a raw picture for this model must have 28x28\.$/,
  );
});

describe("a model of another sort", () => {
  test("colours, names of classes", async () => {
    const spec = {
      input: [3, 8, 8],
      layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
      classes: ["ankle boot", "shirt"],
    };
    await writeFile(at("colours.json"), JSON.stringify(spec));
    const { stdout } = await succeed(["predict", at("colours.json"), at("dark.png"), at("photo"), "--quiet"]);
    expect(stdout).toMatch(/^\S+dark\.png {2}(ankle boot|shirt {5}) {2}[01]\.\d{4}\n\S+photo {5}.+\n$/);
  });

  test("two channels", async () => {
    const spec = { input: [2, 8, 8], layers: [{ type: "flatten" }, { type: "dense", units: 2 }] };
    await writeFile(at("two.json"), JSON.stringify(spec));
    const result = await unravel(["predict", at("two.json"), at("dark.png")]);
    expectRefusal(result, 2, /the model takes images of shape \[2, 8, 8\], but a picture gives 1 channel/);
  });
});

describe("one picture that can't be had: one sentence that names it", () => {
  const pictures: readonly [string, RegExp][] = [
    ["nowhere.png", /nowhere\.png: there is no such file or folder\.$/],
    ["folder.png", /folder\.png: it is a folder, not a file\.$/],
    ["blank.png", /blank\.png: nothing is drawn in the picture: all of it looks like its border\.$/],
    ["cut.png", /cut\.png: the PNG is damaged: it is cut short\.$/],
    [
      "two.png",
      /two\.png: 2 characters seem to be in the picture, but the network reads one at a time; cut them apart/,
    ],
    [
      "cmyk.jpg",
      /cmyk\.jpg: the JPEG has the four colours of a printer \(CMYK\).* save it as PNG or as an RGB JPEG\.$/,
    ],
    ["cat.png", /cat\.png: the GIF is damaged: .*\.$/],
    ["model.safetensors", /model\.safetensors: it is .*, but only PNG, JPEG, WebP and GIF can be read/],
  ];
  test.each(pictures)("%s", async (name, message) => {
    expectRefusal(await unravel(["predict", model, at(name)]), 2, message);
  });

  test("nothing on standard input", async () => {
    expectRefusal(await piped([model, "-"], new Uint8Array()), 2, /^standard input: it is empty/);
  });
});

test("of several pictures, the good ones get their lines, the others a sentence each; exit code 2", async () => {
  const args = [
    "predict",
    model,
    at("cut.png"),
    at("dark.png"),
    at("nowhere.png"),
    at("light.png"),
    "--quiet",
  ];
  const { code, stdout, stderr } = await unravel(args);
  expect(code).toBe(2);
  expectNoTrace(stderr);
  expect(stdout.split("\n").map((line) => line.split("  ")[0].trim())).toEqual([
    at("dark.png"),
    at("light.png"),
    "",
  ]);
  expect(stderr.split("\n")).toEqual([
    `unravel: ${at("cut.png")}: the PNG is damaged: it is cut short.`,
    `unravel: ${at("nowhere.png")}: there is no such file or folder.`,
    "unravel: 2 of the 4 pictures were left out.",
    "",
  ]);
  const json = await unravel([...args, "--json"]);
  expect(json.code).toBe(2);
  expect(JSON.parse(json.stdout).map(({ file }: { file: string }) => file)).toEqual([
    at("dark.png"),
    at("light.png"),
  ]);
});

describe("wrong usage", () => {
  const wrong: readonly [string, () => string[], RegExp][] = [
    ["no picture", () => [model], /file/i],
    ["no model", () => [], /model/],
    ["a model that is not there", () => ["no-conv", at("dark.png")], /There is no built-in model "no-conv"/],
    [
      "filters of a file",
      () => [model, at("dark.png"), "--filters", "3"],
      /--filters goes with the built-in model/,
    ],
    ["standard input twice", () => [model, "-", "-"], /Standard input can be read only once/],
    ["an empty name", () => [model, ""], /the name of the picture is empty/],
  ];
  test.each(wrong)("%s", async (_, args, message) => {
    expectRefusal(await unravel(["predict", ...args()]), 2, message);
  });
});
