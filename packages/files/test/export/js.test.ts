import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { deflateRawSync } from "node:zlib";
import ts from "typescript";
import { builtIn, defineModel, inputFromPicture, randomStream } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { LONG } from "../../../../test/support/long.js";
import { inflate } from "../../src/export/js/runtime/inflate.js";
import { decode, encode } from "../../src/export/js/runtime/text.js";
import {
  drawnImages,
  drawnNetwork,
  type Exported,
  imported,
  strictly,
  written,
} from "../support/exported.js";

const small = (seed = 1) => drawnNetwork(builtIn("one-conv", { input: [1, 8, 8] }), seed);

let shared: Promise<Exported> | undefined;

/** One module for all tests that only ask it something. */
function smallModule(): Promise<Exported> {
  shared ??= imported(small());
  return shared;
}

test("tells what it is", async () => {
  const accuracy = { share: 0.5, data: "</script> & co", images: 4 };
  const module = await imported(small(), { name: "stripes", weights: "f16", accuracy });
  expect(module.classes).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  expect(module.inputShape).toEqual([1, 8, 8]);
  const { parameterCount, multiplyAdds } = defineModel(builtIn("one-conv", { input: [1, 8, 8] }));
  expect(module.model).toEqual({
    name: "stripes",
    exported: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    parameters: parameterCount,
    multiplyAdds: multiplyAdds.forward,
    weights: "f16",
    accuracy,
  });
});

test("a worker thread computes the same", async () => {
  const saved = small();
  const images = drawnImages(saved.model, 3, 1);
  const file = pathToFileURL(await written(saved, "js")).href;
  const worker = new Worker(
    `import { parentPort, workerData } from "node:worker_threads";
     const { predictBatch } = await import(workerData.file);
     parentPort.postMessage(predictBatch(workerData.images));`,
    { eval: true, workerData: { file, images }, execArgv: ["--input-type=module"] },
  );
  const answer = await new Promise((resolve, reject) =>
    worker.once("message", resolve).once("error", reject),
  );
  await worker.terminate();
  expect(answer).toEqual(await strictly(saved, images));
});

describe("what can't be used is told in a sentence", () => {
  const row = (length: number) => new Uint8Array(length);
  const kinds =
    "Pixels must be bytes in a Uint8Array or Uint8ClampedArray, or numbers from 0 to 1 in a Float32Array, not ";
  test.each([
    ["nothing", undefined, `${kinds}Undefined.`],
    ["a list", Array(64).fill(0), `${kinds}Array.`],
    ["doubles", new Float64Array(64), `${kinds}Float64Array.`],
    ["a buffer", new ArrayBuffer(64), `${kinds}ArrayBuffer.`],
    ["too few", row(63), "An image holds 1x8x8 = 64 pixels, channel by channel and row by row, not 63."],
    ["none", row(0), "An image holds 1x8x8 = 64 pixels, channel by channel and row by row, not 0."],
    ["two images", row(128), "An image holds 1x8x8 = 64 pixels, channel by channel and row by row, not 128."],
    [
      "bytes as numbers",
      new Float32Array(64).fill(255, 3),
      "Numbers in a Float32Array must be from 0 to 1, but number 3 is 255; bytes go into a Uint8Array.",
    ],
    [
      "no number",
      new Float32Array(64).fill(Number.NaN, 9),
      "Numbers in a Float32Array must be from 0 to 1, but number 9 is NaN; bytes go into a Uint8Array.",
    ],
  ])("%s", async (_, pixels, sentence) => {
    const module = await smallModule();
    expect(() => module.predict(pixels as Uint8Array)).toThrow(
      expect.objectContaining({ name: "InputError", message: sentence }),
    );
  });

  test("a batch that isn't a whole number of images; none is none", async () => {
    const module = await smallModule();
    expect(() => module.predictBatch(row(65))).toThrow(
      "Images hold a multiple of 1x8x8 = 64 pixels, channel by channel and row by row, not 65.",
    );
    expect(module.predictBatch(row(0))).toEqual([]);
  });

  test.each([
    ["no object", "seven", /^A picture must be an ImageData, .* not undefinedxundefined\.$/],
    ["an empty one", { width: 0, height: 5, data: row(0) }, /not 0x5\.$/],
    ["half a pixel", { width: 2.5, height: 2, data: row(20) }, /not 2\.5x2\.$/],
    [
      "too little data",
      { width: 9, height: 2, data: row(71) },
      /^The data of a 9x2 picture must be 72 bytes, /,
    ],
    ["other data", { width: 9, height: 2, data: Array(72).fill(0) }, /^The data of a 9x2 picture must be /],
  ])("a picture: %s", async (_, picture, sentence) => {
    const module = await smallModule();
    expect(() => module.predictImage(picture)).toThrow(sentence);
  });

  test("weights so large that scores overflow", async () => {
    const saved = small();
    saved.parameters["fc1.weight"].data.fill(3e38);
    const module = await imported(saved);
    expect(() => module.predict(row(64).fill(255))).toThrow(
      /^The scores overflow, because weights are far too large/,
    );
  });
});

describe("pictures become what `predict` makes of them", () => {
  const picture = (width: number, height: number, seed: number) => {
    const random = randomStream(seed, "picture");
    return {
      width,
      height,
      data: Uint8Array.from({ length: 4 * width * height }, (_, k) => 256 * random.uniform(k)),
    };
  };
  const [classes, input] = [["cat", "dog"], [3, 12, 16] as const];
  test.each(["cover", "contain", "stretch", undefined] as const)("fit %s", async (fit) => {
    const spec = {
      ...builtIn("one-conv", { input, classes }),
      ...(fit && { pictures: { size: [16, 12] as const, fit, grey: false } }),
    };
    const saved = drawnNetwork(spec, 2);
    const module = await imported(saved);
    for (const [width, height] of [
      [40, 23],
      [16, 12],
      [5, 9],
    ]) {
      const given = picture(width, height, width);
      const bytes = inputFromPicture(saved.model, given);
      expect(module.predictImage(given)).toEqual(module.predict(bytes));
    }
  });

  test("handwriting", async () => {
    const saved = drawnNetwork(builtIn("one-conv"), 2);
    const module = await imported(saved);
    const given = { width: 60, height: 60, data: new Uint8Array(4 * 3600).fill(250) };
    for (let y = 12; y < 48; y++) given.data.fill(20, 4 * (60 * y + 27), 4 * (60 * y + 34) - 1);
    const bytes = inputFromPicture(saved.model, given);
    expect(module.predictImage(given)).toEqual(module.predict(bytes));
    given.data.fill(250);
    expect(() => module.predictImage(given)).toThrow(/^Nothing is drawn in the picture/);
  });
});

test("its text and its compressed bytes come back, whatever they are", () => {
  const random = randomStream(1, "bytes");
  for (let length = 0; length < 40; length++) {
    const bytes = Uint8Array.from({ length }, (_, k) => 256 * random.uniform(64 * length + k));
    expect(decode(encode(bytes)).subarray(0, length)).toEqual(bytes);
  }
  const kinds = [
    // one value again and again, longer than the longest length, and another behind it
    Uint8Array.from({ length: 70_000 }, (_, k) => (k % 1000 === 999 ? k / 1000 : 0)),
    Uint8Array.from({ length: 100_000 }, (_, k) => 256 * random.uniform(k)),
    Uint8Array.from({ length: 100_000 }, (_, k) => 20 * random.uniform(k) * random.uniform(k + 1)),
    Uint8Array.from({ length: 5000 }, (_, k) => (k * k) >> 7),
    Uint8Array.of(1, 2, 3),
  ];
  for (const [k, bytes] of kinds.entries()) {
    for (const options of [{ level: 1 }, { level: 6 }, { level: 9 }, { strategy: 4 }]) {
      const back = inflate(deflateRawSync(bytes, options), bytes.length);
      // not toEqual, which takes a second for so many bytes
      expect(Buffer.compare(back, bytes), `kind ${k}, ${JSON.stringify(options)}`).toBe(0);
    }
  }
});

if (LONG)
  test("its types are right for TypeScript, with a page's classes and without", async () => {
    const file = (await written(small(), "js", { name: "net" })).replace(/net\.js$/, "use.ts");
    const { writeFileSync } = await import("node:fs");
    const parsed = new Map<string, ts.SourceFile | undefined>();
    const problems = (lib: string[], more: string) => {
      writeFileSync(
        file,
        `import { classes, inputShape, model, predict, predictBatch, predictImage, type Prediction } from "./net.js";
       const one: Prediction = predict(new Uint8Array(64));
       const all: Prediction[] = predictBatch(new Float32Array(128));
       const name: string = predictImage({ width: 1, height: 1, data: new Uint8ClampedArray(4) }).class;
       const [channels]: readonly [number, number, number] = inputShape;
       const share: number | undefined = model.accuracy?.share;
       export const everything = [one, all, name, channels, share, classes[0].length];
       // @ts-expect-error: a plain list is no image
       predict([1, 2, 3]);
       ${more}`,
      );
      const options: ts.CompilerOptions = {
        strict: true,
        noEmit: true,
        skipDefaultLibCheck: true, // TypeScript's own, which takes seconds; the module's declarations are checked
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        lib,
        types: [],
      };
      const host = ts.createCompilerHost(options);
      const { getSourceFile } = host;
      host.getSourceFile = (path, ...how) => {
        if (path === file) return getSourceFile(path, ...how);
        if (!parsed.has(path)) parsed.set(path, getSourceFile(path, ...how));
        return parsed.get(path);
      };
      const program = ts.createProgram([file], options, host);
      return ts
        .getPreEmitDiagnostics(program)
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
    };
    expect(problems(["lib.es2022.d.ts"], "")).toEqual([]);
    const page = `const canvas = document.createElement("canvas");
       predictImage(canvas);
       predictImage(new OffscreenCanvas(1, 1));
       predictImage(new ImageData(1, 1));
       predictImage(await createImageBitmap(canvas));`;
    expect(problems(["lib.es2022.d.ts", "lib.dom.d.ts"], page)).toEqual([]);
  });
