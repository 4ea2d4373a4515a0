import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { decode } from "fast-png";
import { beforeAll, describe, expect, test } from "vitest";
import { expectSentence } from "../../../test/support/sentence.js";
import type { Picture } from "../../core/src/index.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { pngOf } from "./support/pictures.js";
import { writeShapes } from "./support/shapes.js";

/* Pictures of one's own: a folder of classes in, a trained classifier out. */

const scratch = scratchFolder();
const env = () => ({
  XDG_CACHE_HOME: scratch("cache"),
  LOCALAPPDATA: scratch("cache"),
  HOME: scratch("home"),
});
const run = (...args: string[]) => succeed(args, { env: env() });

/** A square of a class's colour in noise; no two are alike. */
function picture(colour: readonly number[], number: number, width = 20, height = 16): Picture {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, k) => {
    const [x, y] = [Math.floor(k / 3) % width, Math.floor(k / 3 / width)];
    const inside = Math.abs(x - 8 - (number % 4)) < 5 && Math.abs(y - 8) < 5;
    return inside ? colour[k % 3] : (k * (number + 3) * 29 + number) % 97;
  });
  return { width, height, channels: 3, depth: 8, data };
}

const COLOURS: Readonly<Record<string, readonly number[]>> = {
  "rot & grün": [220, 60, 20],
  blau: [20, 60, 220],
};

async function put(path: string, bytes: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}

let trained: { model: string; test: { accuracy: number; confusion: number[][] }; data: string };
let said = "";

beforeAll(async () => {
  for (const [name, colour] of Object.entries(COLOURS)) {
    for (let k = 0; k < 40; k++) await put(scratch("photos", name, `${k}.png`), pngOf(picture(colour, k)));
  }
  const options = ["--model", "one-conv", "--epochs", "8", "--size", "12", "--json"];
  const out = ["--out", scratch("photos.safetensors")];
  const { stdout, stderr } = await run("train", "--data", scratch("photos"), ...options, ...out);
  trained = JSON.parse(stdout);
  said = stderr;
});

describe("training", () => {
  test("learns them, and says what becomes of them", () => {
    expect(trained).toMatchObject({ model: "one-conv", data: scratch("photos") });
    expect(trained.test.accuracy).toBeGreaterThan(0.9);
    expect(trained.test.confusion.flat().reduce((sum, count) => sum + count)).toBe(16);
    expect(said).toContain("No picture is marked for testing: 16 (20% of each class) are set aside for it.");
    expect(said).toContain("Pictures of 20x16 are made 12x12 (cover); --size and --fit choose.");
  });

  test("colours are for resnet, and what was chosen is said", async () => {
    const args = ["--data", scratch("photos"), "--epochs", "1", "--size", "12", "--json", "--limit", "16"];
    const { stdout, stderr } = await run("train", ...args);
    expect(JSON.parse(stdout).model).toBe("resnet");
    expect(stderr).toMatch(
      /^Command {3}unravel train --data \S+ --epochs 1 --size 12 .* --model resnet --augment auto$/m,
    );
  });

  test("the model's file has all that is needed to read other pictures", async () => {
    const bytes = await readFile(scratch("photos.safetensors"));
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
    const { "unravel.spec": spec, "unravel.format": format } = header.__metadata__;
    expect(format).toBe("3");
    expect(JSON.parse(spec)).toMatchObject({
      input: [3, 12, 12],
      classes: ["blau", "rot & grün"],
      pictures: { size: [12, 12], fit: "cover", grey: false },
      normalize: { mean: [expect.any(Number), expect.any(Number), expect.any(Number)] },
    });
  });

  test("it goes on from a file, whose size and classes are kept", async () => {
    const args = [
      "--model",
      scratch("photos.safetensors"),
      "--data",
      scratch("photos"),
      "--epochs",
      "1",
      "--json",
    ];
    const { stdout } = await run("train", ...args);
    expect(JSON.parse(stdout).test.accuracy).toBeGreaterThan(0.9);
  });

  test("small grey pictures are for one-conv; a model that was chosen stays", async () => {
    const grey = ["train", "--data", scratch("photos"), "--grey", "--epochs", "1", "--json", "--limit", "16"];
    expect(JSON.parse((await run(...grey)).stdout).model).toBe("one-conv");
    const small = [
      "train",
      "--data",
      scratch("photos"),
      "--model",
      "lenet5",
      "--epochs",
      "1",
      "--json",
      "--size",
      "16",
    ];
    expect(JSON.parse((await run(...small)).stdout)).toMatchObject({ model: "lenet5" });
  });
});

describe("with the trained model, and nothing else", () => {
  test("predict reads pictures of any size", async () => {
    const [red, blue] = [scratch("one.png"), scratch("two.png")];
    await put(red, pngOf(picture(COLOURS["rot & grün"], 91)));
    await put(blue, pngOf(picture(COLOURS.blau, 92)));
    const { stdout } = await run("predict", scratch("photos.safetensors"), red, blue, "--json");
    expect(JSON.parse(stdout).map((answer: { class: string }) => answer.class)).toEqual([
      "rot & grün",
      "blau",
    ]);
  });

  test("evaluate measures on what was set aside, and gives what train gave", async () => {
    const args = ["evaluate", scratch("photos.safetensors"), "--data", scratch("photos"), "--json"];
    expect(JSON.parse((await run(...args)).stdout)).toMatchObject(trained.test);
  });

  test("evaluate --all measures on all of them", async () => {
    const args = ["evaluate", scratch("photos.safetensors"), "--data", scratch("photos"), "--all", "--json"];
    expect(JSON.parse((await run(...args)).stdout)).toMatchObject({ images: 80 });
  });

  test("evaluate finds classes by their names, in another folder and another order", async () => {
    await cp(scratch("photos", "blau"), scratch("others", "test", "blau"), { recursive: true });
    const { stdout } = await run(
      "evaluate",
      scratch("photos.safetensors"),
      "--data",
      scratch("others"),
      "--json",
    );
    expect(JSON.parse(stdout)).toMatchObject({
      images: 40,
      confusion: [
        [expect.any(Number), expect.any(Number)],
        [0, 0],
      ],
    });
    const training = await unravel(["train", "--data", scratch("others")], { env: env() });
    expect(training.stderr).toMatch(/others: all its pictures are for testing; give a folder/);
    await cp(scratch("photos", "blau"), scratch("unknown", "test", "violett"), { recursive: true });
    await cp(scratch("photos", "blau"), scratch("unknown", "test", "blau"), { recursive: true });
    const refused = await unravel(["evaluate", scratch("photos.safetensors"), "--data", scratch("unknown")], {
      env: env(),
    });
    expectRefusal(
      refused,
      2,
      /unknown has pictures of violett, which the model doesn't know; its classes are blau, rot & grün/,
    );
  });

  test("the surest mistakes as a picture", async () => {
    const out = scratch("mistakes.png");
    const { stderr } = await run(
      "evaluate",
      "one-conv",
      "--data",
      scratch("photos"),
      "--mistakes",
      out,
      "--quiet",
    );
    expect(stderr).toBe("");
    const sheet = decode(await readFile(out));
    expect(sheet.channels).toBe(3);
    const pixels = Array.from({ length: sheet.width * sheet.height }, (_, k) =>
      sheet.data.subarray(3 * k, 3 * k + 3),
    );
    // red for what it was taken for, green for what it is, grey for the file
    for (const ink of [
      [180, 40, 30],
      [20, 110, 50],
      [60, 60, 60],
    ]) {
      expect(pixels.filter((pixel) => ink.every((value, c) => pixel[c] === value)).length).toBeGreaterThan(
        50,
      );
    }
  });
});

describe("data describe", () => {
  test("classes, counts, sizes and what looks wrong", async () => {
    const folder = scratch("doubtful");
    for (let k = 0; k < 12; k++) await put(`${folder}/many/${k}.png`, pngOf(picture([200, 0, 0], k)));
    for (let k = 0; k < 2; k++) await put(`${folder}/few/${k}.png`, pngOf(picture([0, 200, 0], k)));
    await put(`${folder}/many/again.png`, pngOf(picture([200, 0, 0], 3)));
    await put(`${folder}/many/other class.png`, pngOf(picture([0, 200, 0], 1)));
    await put(`${folder}/many/white.png`, pngOf({ ...picture([0], 0), data: new Uint8Array(960).fill(255) }));
    await put(`${folder}/many/text.jpg`, "no picture");
    const { stdout, stderr } = await run(
      "data",
      "describe",
      folder,
      "--json",
      "--sheet",
      scratch("sheet.png"),
    );
    const about = JSON.parse(stdout);
    expect(about).toMatchObject({
      images: { train: 13, test: 4, setAside: 4 },
      shape: { width: 20, height: 16, channels: 3 },
      sizes: { width: { smallest: 20, median: 20, largest: 20 }, height: { smallest: 16 } },
      broken: [expect.stringMatching(/^many\/text\.jpg: it is text, but only PNG/)],
      sheet: scratch("sheet.png"),
    });
    expect(about.classes.map((row: { class: string }) => row.class)).toEqual(["few", "many"]);
    expect(about.wrong.join("\n")).toMatch(/many has \d+ times the images of few/);
    expect(about.wrong.join("\n")).toMatch(/of one colour: many\/white\.png/);
    expect([...about.wrong, ...about.duplicatesAcross.map(JSON.stringify)].join("\n")).toMatch(/again\.png/);
    expect(stderr).toContain("Left out: many/text.jpg: it is text");
    expect(decode(await readFile(scratch("sheet.png"))).channels).toBe(3);

    const people = (await run("data", "describe", folder)).stdout;
    expect(people).toMatch(/^class +training +test +share$/m);
    expect(people).toContain("What looks wrong:");
  });

  test("of other data, too", async () => {
    const folder = await writeShapes(scratch("shapes"), { train: 60, test: 20 });
    const { stdout } = await run("data", "describe", folder, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      images: { train: 60, test: 20, setAside: 0 },
      sizes: null,
      broken: [],
    });
  });

  test("a sheet of pictures keeps their colours", async () => {
    const out = scratch("photos.png");
    const { stdout } = await run(
      "data",
      "sheet",
      scratch("photos"),
      "--columns",
      "3",
      "--scale",
      "1",
      "--out",
      out,
    );
    expect(stdout).toContain(`Wrote ${out}: 6 training images of photos, by class: blau, rot & grün`);
    const { data } = decode(await readFile(out));
    expect(
      Array.from({ length: data.length / 3 }, (_, k) => data.subarray(3 * k, 3 * k + 3).join()),
    ).toContain("220,60,20");
  });
});

describe("broken files", () => {
  test("each is named, then they are counted; --skip-broken goes on", async () => {
    for (const [name, colour] of Object.entries(COLOURS)) {
      for (let k = 0; k < 5; k++) await put(scratch("broken", name, `${k}.png`), pngOf(picture(colour, k)));
    }
    await put(scratch("broken", "blau", "x.png"), "");
    await put(scratch("broken", "blau", "y.jpg"), "text");
    const args = ["train", "--data", scratch("broken"), "--model", "one-conv", "--epochs", "1", "--json"];
    const { code, stdout, stderr } = await unravel(args, { env: env() });
    expect([code, stdout]).toEqual([2, ""]);
    const lines = stderr.split("\n").filter((line) => line.startsWith("unravel: "));
    expect(lines.map((line) => line.slice(9)).sort()).toEqual([
      expect.stringMatching(
        /broken: 2 of its 12 pictures can't be read \(blau\/.*, \.\.\.\); mend or remove them, or/,
      ),
      "blau/x.png: it is empty, so there is no picture in it.",
      expect.stringMatching(/^blau\/y\.jpg: it is text, but only PNG, JPEG, WebP and GIF can be read/),
    ]);
    for (const line of lines) expectSentence(line.slice(9));
    const skipped = await run(...args, "--skip-broken");
    expect(skipped.stderr).toContain("2 files left out that can't be read.");
  });

  test.each<[string[], RegExp]>([
    [
      ["--size", "0"],
      /^--size must be a number of pixels from 1 to 1024, or width and height as in 32x24, not "0"/,
    ],
    [["--size", "3x"], /^--size must be .* not "3x"/],
    [["--fit", "crop"], /^--fit must be cover, contain or stretch, not "crop"/],
  ])("%j is refused", async (options, message) => {
    expectRefusal(
      await unravel(["train", "--data", scratch("photos"), ...options], { env: env() }),
      2,
      message,
    );
  });

  test.each<[string[], RegExp]>([
    [["--size", "13"], /^--size 13x13 was asked for, but the model takes 12x12; leave it out/],
    [["--fit", "stretch"], /^--fit stretch was asked for, but the model takes pictures with --fit cover/],
    [["--grey"], /^--grey was asked for, but the model takes colours/],
  ])("%j is refused where a model takes other pictures", async (options, message) => {
    const args = ["train", "--model", scratch("photos.safetensors"), "--data", scratch("photos"), ...options];
    const { code, stderr } = await unravel(args, { env: env() });
    expect([code, stderr.split("\n").at(-2)?.slice(9)]).toEqual([2, expect.stringMatching(message)]);
  });

  test("options of pictures are refused for other data", async () => {
    const refused = await unravel(["train", "--data", "digits", "--size", "12"], { env: env() });
    expectRefusal(refused, 2, /^--size goes with pictures, but digits has images that are just as large/);
  });
});

describe("images as a table of labels and pixels", () => {
  const rows = Array.from({ length: 60 }, (_, n) => {
    const pixels = Array.from({ length: 64 }, (_, k) => ((n % 3 === k % 3 ? 200 : 10) + n * 5 + k) % 256);
    return [`${n % 3}`, ...pixels].join(",");
  });
  const header = ["label", ...Array.from({ length: 64 }, (_, k) => `pixel${k}`)].join(",");

  test.each<[string, Record<string, string>, string, [number, number]]>([
    ["one file", { "one.csv": [header, ...rows].join("\n") }, "/one.csv", [48, 12]],
    ["without names", { "one.csv": rows.join("\r\n") }, "/one.csv", [48, 12]],
    [
      "two files",
      { "x_train.csv": [header, ...rows].join("\n"), "x_test.csv": rows.slice(0, 9).join("\n") },
      "",
      [60, 9],
    ],
  ])("%s", async (name, files, path, [train, tested]) => {
    const folder = scratch("tables", name);
    for (const [file, text] of Object.entries(files)) await put(`${folder}/${file}`, text);
    const { stdout } = await run("data", "describe", folder + path, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      images: { train, test: tested },
      shape: { width: 8, height: 8, channels: 1 },
    });
    const model = await run("train", "--data", folder + path, "--epochs", "1", "--json");
    expect(JSON.parse(model.stdout)).toMatchObject({ model: "one-conv" });
  });

  test.each<[string, string, RegExp]>([
    [
      "a value above 255",
      [header, ...rows].join("\n").replace(/,(\d+)$/, ",256"),
      /column 65 of image 60 is "256", but a pixel is/,
    ],
    ["a text", [header, ...rows].join("\n").replace(/,(\d+)$/, ",x"), /column 65 of image 60 is "x"/],
    [
      "a row that is cut short",
      [header, ...rows].join("\n").slice(0, -40),
      /image 60 has \d+ values, but the first has 65/,
    ],
    [
      "no square",
      rows.map((row) => row.slice(0, row.lastIndexOf(","))).join("\n"),
      /a row has 63 pixels .* which make no square/,
    ],
  ])("%s: a sentence", async (name, text, message) => {
    const path = scratch("tables", "bad", `${name}.csv`);
    await put(path, text);
    expectRefusal(await unravel(["train", "--data", path], { env: env() }), 2, message);
  });

  test("--transpose exchanges rows and columns", async () => {
    await put(scratch("tables", "turned.csv"), [header, ...rows].join("\n"));
    const args = [
      "data",
      "sheet",
      scratch("tables", "turned.csv"),
      "--columns",
      "1",
      "--scale",
      "1",
      "--ink",
      "kept",
    ];
    const [plain, turned] = [scratch("plain.png"), scratch("turned.png")];
    await run(...args, "--out", plain);
    await run(...args, "--out", turned, "--transpose");
    const [a, b] = [decode(await readFile(plain)), decode(await readFile(turned))];
    const pixel = (image: typeof a, x: number, y: number) => image.data[(y + 12) * image.width + x + 12];
    for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) expect(pixel(b, x, y)).toBe(pixel(a, y, x));
  });
});
