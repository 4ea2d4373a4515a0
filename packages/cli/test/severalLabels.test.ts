import { mkdir, readFile, writeFile } from "node:fs/promises";
import { encode } from "fast-png";
import { beforeAll, expect, test } from "vitest";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";

/* Pictures with several labels at once, from a table to answers. */

const scratch = scratchFolder();
const CLASSES = ["left", "right", "top"];
/** Which part of a 12x12 picture a class makes bright. */
const isBright = [
  (x: number, y: number) => x < 4 && y > 5,
  (x: number, y: number) => x > 7 && y > 5,
  (_: number, y: number) => y < 4,
];
/** Whether picture n shows class k: all eight ways to have them, again and again. */
const shows = (n: number, k: number) => (n >> k) % 2 === 1;
const COUNT = 64;
const env = () => ({
  XDG_CACHE_HOME: scratch("cache"),
  LOCALAPPDATA: scratch("cache"),
  HOME: scratch("home"),
});
const run = (...args: string[]) => succeed(args, { env: env() });

beforeAll(async () => {
  await mkdir(scratch("photos"));
  const rows = await Promise.all(
    Array.from({ length: COUNT }, async (_, n) => {
      const bright = (x: number, y: number) => isBright.some((is, k) => shows(n, k) && is(x, y));
      const data = Uint8Array.from({ length: 144 }, (_, place) =>
        bright(place % 12, Math.floor(place / 12)) ? 200 + (n % 40) : (place * (n + 3)) % 50,
      );
      await writeFile(scratch("photos", `${n}.png`), encode({ width: 12, height: 12, channels: 1, data }));
      return `${n}.png,${CLASSES.filter((_, k) => shows(n, k)).join("|")}`;
    }),
  );
  await writeFile(scratch("photos", "labels.csv"), `file,labels\n${rows.join("\n")}\n`);
  await run(
    ...["train", "--data", scratch("photos"), "--model", "one-conv", "--filters", "4", "--epochs", "20"],
    ...["--batch-size", "8", "--out", scratch("model.safetensors"), "--quiet"],
  );
});

test("train takes the loss that goes with them, and learns", async () => {
  const options = ["--model", "one-conv", "--filters", "2", "--epochs", "1", "--augment", "shift=1"];
  const { stdout, stderr } = await run("train", "--data", scratch("photos"), ...options);
  expect(stderr).toContain("Pictures may show several classes at once: 32 do, and 8 show none.");
  expect(stderr).not.toContain("guessing");
  expect(stdout).toMatch(/^class +images +precision +recall +F1\nleft +\d+ /);
  expect(stdout).toMatch(/of 13 images with every label right, loss [\d.]+\n$/);
  expect(stdout).not.toContain("hardly better than guessing");
});

test("evaluate: how good the answers are for each class", async () => {
  const { stdout } = await run(
    "evaluate",
    scratch("model.safetensors"),
    "--data",
    scratch("photos"),
    "--json",
  );
  const { accuracy, confusion, classes, images } = JSON.parse(stdout);
  expect([accuracy, confusion, images]).toEqual([1, [], 13]);
  expect(classes.map((one: { class: string; f1: number }) => [one.class, one.f1])).toEqual([
    ["left", 1],
    ["right", 1],
    ["top", 1],
  ]);
  const people = await run("evaluate", scratch("model.safetensors"), "--data", scratch("photos"));
  expect(people.stdout).toMatch(/^class .*\n(.*100\.0% {2}100\.0% {2}100\.0%\n){3}\nTest accuracy 100\.00%/);
});

test("evaluate: labels stand in the model's order, and a class may have no picture", async () => {
  const rows = Array.from({ length: COUNT }, (_, n) => n)
    .filter((n) => !shows(n, 0))
    .map((n) => `photos/${n}.png,${shows(n, 2) ? 1 : 0},${shows(n, 1) ? 1 : 0}`);
  await writeFile(scratch("fewer.csv"), `file,top,right\n${rows.join("\n")}\n`);
  const args = ["evaluate", scratch("model.safetensors"), "--data", scratch("fewer.csv"), "--all", "--json"];
  const { accuracy, images, classes } = JSON.parse((await run(...args)).stdout);
  expect([accuracy, images]).toEqual([1, 32]);
  expect(classes.map((one: { class: string; images: number }) => [one.class, one.images])).toEqual([
    ["left", 0],
    ["right", 16],
    ["top", 16],
  ]);
});

test("evaluate: no image was taken for another class", async () => {
  const args = ["evaluate", scratch("model.safetensors"), "--data", scratch("photos")];
  const refused = await unravel([...args, "--mistakes", scratch("mistakes.png")], { env: env() });
  expectRefusal(
    refused,
    2,
    /--mistakes shows images that were taken for another class, but those of photos have/,
  );
  await run(...args, "--report", scratch("report.html"), "--quiet");
  expect(await readFile(scratch("report.html"), "utf8")).toContain("images have every label right");
});

test("predict: all classes above 1/2, the most probable first, or none", async () => {
  const files = [0, 2, 7].map((n) => scratch("photos", `${n}.png`));
  const { stdout } = await run("predict", scratch("model.safetensors"), ...files);
  const [none, right, all] = stdout.split("\n");
  expect(none).toMatch(/0\.png {2}none +at most \w+ 0\.[0-4]\d{3}$/);
  expect(right).toMatch(/2\.png {2}right +0\.[5-9]\d{3}$/);
  const [, names, shares] = all.match(/7\.png {2}(\w+, \w+, \w+) +([\d.]+, [\d.]+, [\d.]+)$/) ?? [];
  expect(names.split(", ").sort()).toEqual(CLASSES);
  expect(shares.split(", ")).toEqual(shares.split(", ").sort().reverse());
  const json = JSON.parse((await run("predict", scratch("model.safetensors"), ...files, "--json")).stdout);
  expect(json.map(({ shown }: { shown: string[] }) => [...shown].sort())).toEqual([[], ["right"], CLASSES]);
});

test("data describe counts a picture for each class that it shows", async () => {
  const { stdout } = await run(
    "data",
    "describe",
    scratch("photos"),
    "--json",
    "--sheet",
    scratch("sheet.png"),
  );
  const { classes, images } = JSON.parse(stdout);
  for (const { train, test: tested } of classes) expect(train + tested).toBe(32);
  expect(images).toEqual({ train: 51, test: 13, setAside: 13 });
});

test("explain tells of all of them; gradcheck takes them as they are", async () => {
  const args = [scratch("model.safetensors"), "--data", scratch("photos")];
  const first = async (...more: string[]) =>
    JSON.parse((await run("explain", ...args, "--index", "1", "--json", ...more)).stdout);
  const { labels, shown, probabilities, update } = await first();
  expect(shown).toEqual(CLASSES.filter((_, k) => probabilities[k] > 0.5));
  expect(update.probabilitiesOfLabels).toHaveLength(labels.length);
  expect((await first("--label", `${CLASSES[1]}|${CLASSES[0]}`)).labels).toEqual([0, 1]);
  expect((await first("--label", "none")).labels).toEqual([]);
  expect((await first("--label", CLASSES[1])).label).toBe(1);
  expectRefusal(
    await unravel(["explain", ...args, "--index", "1", "--label", `${CLASSES[1]}|lfet`], { env: env() }),
    2,
    /--label must be one of the 3 classes .*, not "lfet"/,
  );
  const { stdout: lines } = await run("explain", ...args, "--index", "1", "--label", CLASSES.join(";"));
  expect(lines).toContain(`Right is ${CLASSES[0]}, ${CLASSES[1]} and ${CLASSES[2]}.`);
  expect(lines).toMatch(/-ln [\d.]+, -ln [\d.]+, -ln [\d.]+ for those that are right/);
  const { stdout } = await run("gradcheck", ...args, "--images", "4");
  expect(stdout).toContain("All gradients are right");
});

test("what goes with one right class is refused", async () => {
  const train = ["train", "--data", scratch("photos"), "--model", "one-conv", "--epochs", "1"];
  for (const [option, message] of [
    [["--class-weights", "balanced"], /classWeights go with one label for each image/],
    [["--label-smoothing", "0.1"], /--label-smoothing goes with the loss softmaxCrossEntropy/],
  ] as const) {
    expectRefusal(await unravel([...train, ...option], { env: env() }), 2, message);
  }
});
