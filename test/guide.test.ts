import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { succeed, unravel } from "../packages/cli/test/support/cli.js";
import { conv2d, dense, flatten, maxPool2d, relu, sequential } from "../packages/core/src/builders.js";
import { parseTraceNpz } from "../packages/core/src/formats/traceFile.js";
import { defineModel } from "../packages/core/src/graph/model.js";
import { tensorsOf, trace } from "../packages/core/src/reference/trace.js";
import { expectWithin } from "../packages/core/test/support/compare.js";
import { idxImages, idxLabels } from "../packages/core/test/support/idxFiles.js";
import { runPython, testWithNumpy } from "../packages/core/test/support/numpy.js";
import { blocksOf, folderInside, runAsOne, textOf } from "./support/blocks.js";
import { mistakeIn } from "./support/calc.js";
import { type GuideNumbers, guidePictures } from "./support/drawing/guide.js";
import { few } from "./support/long.js";

/*
 * The guide says that its code is one program, that its numbers are what the program prints, and that a pocket calculator
 * agrees. Here all that is done.
 */

const FOLDER = join(import.meta.dirname, "..", "docs", "guide");
const FIRST = "docs/guide/README.md";
const pages = readdirSync(FOLDER)
  .filter((name) => /^\d\d-.*\.md$/.test(name))
  .sort()
  .map((name) => `docs/guide/${name}`);
const blocks = pages.flatMap(blocksOf);
const inLanguage = (language: string) => blocks.filter((block) => block.language === language);

test("there are the chapters that the first page lists, in order", () => {
  const listed = [...textOf(FIRST).matchAll(/^\d+\. \[.*?\]\((.*?)\)/gm)];
  expect(listed.map(([, name]) => `docs/guide/${name}`)).toEqual(pages);
  expect(pages).toHaveLength(20);
});

/** Put behind the guide's program: prints what its pictures are drawn from. */
const NUMBERS = {
  page: FIRST,
  language: "js",
  shown: "",
  code: `
const arrays = ({ tensors }) => Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, [...data]]));
const rates = Array.from({ length: 26 }, (_, k) => k / 50).map((rate) => {
  const { tensors } = withUpdate(step, rate);
  const next = Object.fromEntries(model.parameters.map(({ fullName }) => [fullName, tensors["new." + fullName]]));
  return { rate, loss: trace(model, next, x, [1]).loss, promised: step.loss - (rate / 0.1) * promised };
});
console.log(JSON.stringify({
  step: arrays(step),
  far: arrays(far),
  rates,
  byHeart: byHeart.map(({ seen, unseen }) => ({ seen: seen.loss, unseen: unseen.loss })),
}));
`,
};

const js = inLanguage("js");
let ran: ReturnType<typeof runAsOne> | undefined;
/** All chapters as one program, which runs once. */
const program = () => {
  ran ??= runAsOne([...js, NUMBERS]);
  return ran;
};

test("the code of all chapters is one program, and prints what they show", async () => {
  expect(js.length).toBeGreaterThan(35);
  const { printed, stderr } = await program();
  expect(stderr).toBe("");
  for (const [k, { page, code, shown }] of js.entries()) expect(printed[k], `${page}: ${code}`).toBe(shown);
});

// drawn anew by `npx vitest run test/guide.test.ts --update`
test.each(Object.keys(guidePictures))(
  "the picture %s is drawn from the numbers of the program",
  async (name) => {
    const numbers: GuideNumbers = JSON.parse((await program()).printed[js.length]);
    await expect(guidePictures[name](numbers)).toMatchFileSnapshot(`${FOLDER}/pictures/${name}.svg`);
    expect(
      pages.concat(FIRST).some((page) => textOf(page).includes(`(pictures/${name}.svg)`)),
      "it is shown",
    ).toBe(true);
  },
);

test("every text that is shown is what some code prints", () => {
  const shown = blocks.filter(({ shown }) => shown !== "");
  expect(inLanguage("text").length).toBe(shown.length);
  for (const { language } of shown) expect(["js", "python", "sh"]).toContain(language);
});

test("every calculation comes out", () => {
  const lines = inLanguage("calc").flatMap(({ page, code }) =>
    code
      .trimEnd()
      .split("\n")
      .map((line) => ({ page, line })),
  );
  expect(lines.length).toBeGreaterThan(30);
  for (const { page, line } of lines) expect(mistakeIn(line), page).toBeUndefined();
});

test("a wrong calculation would be noticed", () => {
  expect(mistakeIn("first  0.5 × 1.8 - 0.3 = 0.6")).toBeUndefined();
  expect(mistakeIn("first  0.5 × 1.8 - 0.3 = 0.61")).toMatch(/it is 0\.6/);
  expect(mistakeIn("e^1 = 2.7183")).toBeUndefined();
  expect(mistakeIn("e^1 = 2.7193")).toBeDefined();
  expect(mistakeIn("0.7311 × 1.8 = 1.3165")).toBeDefined();
  expect(mistakeIn("4 × 2 = 9")).toBeDefined();
});

test("every fraction in the prose stands in an output, a calculation or the code", () => {
  let known = "";
  let checked = 0;
  for (const page of pages) {
    const text = textOf(page);
    known += blocksOf(page)
      .map(({ code }) => code)
      .join("\n");
    const prose = text.replace(/^```.*?^```$/gms, "");
    const numbers: ReadonlySet<string> = new Set(known.match(/\d+\.\d+/g));
    for (const [number] of prose.matchAll(/(?<![\w.])\d+\.\d+(?![\w.]*\w)/g)) {
      expect(numbers.has(number), `${page}: ${number}`).toBe(true);
      checked += 1;
    }
  }
  expect(checked).toBeGreaterThan(40);
});

test.each([FIRST, ...pages])("the links of %s lead somewhere", (page) => {
  const links = [...textOf(page).matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link]) => link);
  expect(links.length).toBeGreaterThan(0);
  for (const link of links) expect(existsSync(join(FOLDER, link)), link).toBe(true);
});

test("the two commands at the end of the first page explain a network that was trained", async () => {
  const [{ code }] = blocksOf(FIRST).filter(({ language }) => language === "sh");
  const folder = folderInside();
  mkdirSync(join(folder, "digits"));
  for (const [part, count] of [
    ["train", 40],
    ["t10k", 10],
  ] as const) {
    const labels = Uint8Array.from({ length: count }, (_, k) => k % 10);
    writeFileSync(join(folder, "digits", `${part}-images-idx3-ubyte`), idxImages(count, 28, 28));
    writeFileSync(join(folder, "digits", `${part}-labels-idx1-ubyte`), idxLabels(labels));
  }
  const data = ["--data", join(folder, "digits")];
  const lines = code.trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    const [, , command, ...args] = line.split(" ");
    await succeed([command, ...args, ...data], { cwd: folder });
  }
  const report = readFileSync(join(folder, "report.html"), "utf8");
  expect(report).toContain("lenet5");
  expect(report).not.toContain("untrained");
});

describe("the network in NumPy", () => {
  const python = inLanguage("python");
  const program = python.map(({ code }) => code).join("\n");
  const run = (folder: string, code: string) =>
    runPython(`import os, sys\nos.chdir(sys.argv[1])\n${code}`, folder);

  testWithNumpy("prints what is shown, and all its arrays are those of the textbook", () => {
    const folder = folderInside();
    expect(run(folder, program)).toBe(python.map(({ shown }) => shown).join(""));

    const model = defineModel(
      sequential(
        [1, 6, 6],
        [conv2d({ filters: 1, kernel: 3 }), relu(), maxPool2d({ size: 2 }), flatten(), dense({ units: 2 })],
      ),
    );
    const mine = parseTraceNpz(model, readFileSync(join(folder, "mine.npz")), "mine.npz");
    const parameters = Object.fromEntries(
      model.parameters.map(({ fullName }) => [fullName, mine.tensors[fullName]]),
    );
    const step = trace(model, parameters, mine.tensors.x, mine.labels);
    expect(Object.keys(mine.tensors).sort()).toEqual(Object.keys(step.tensors).sort());
    const right = tensorsOf(step);
    for (const [name, { data }] of Object.entries(tensorsOf(mine))) {
      expectWithin(name, data, right[name].data, 1e-14);
    }
  });

  testWithNumpy("the commands about it work, find it right, and find the mistake", async () => {
    const folder = folderInside();
    const wrong = program.replace("* kernel  #", "* kernel[::-1, ::-1]  #").replace("mine.npz", "wrong.npz");
    expect(wrong).not.toBe(program);
    run(folder, program);
    run(folder, wrong);
    const commands = inLanguage("sh").flatMap(({ code, shown }) =>
      code
        .trimEnd()
        .split("\n")
        .map((line) => ({ words: line.split(" "), shown })),
    );
    expect(commands).toHaveLength(5);
    const quick = commands.filter(({ words }) => !words.includes("lenet5")); // whose check takes seconds
    for (const { words, shown } of few(quick, commands)) {
      expect(words.slice(0, 2)).toEqual(["npx", "unravel"]);
      const args = words.slice(2);
      const { code, stdout } = await unravel(args, { cwd: folder });
      expect(code, words.join(" ")).toBe(args.includes("wrong.npz") ? 1 : 0);
      expect(stdout).toContain(shown);
    }
  });
});
