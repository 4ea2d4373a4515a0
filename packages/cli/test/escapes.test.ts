import { readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test, vi } from "vitest";
import { defineModel } from "../../core/src/graph/model.js";
import { formatModel, formatNpz, initialParameters, type ModelSpec } from "../../core/src/index.js";
import { main } from "../src/main.js";
import { outputLine, printLines } from "../src/terminal/output.js";
import { Progress } from "../src/terminal/progress.js";
import { stylesFor } from "../src/terminal/style.js";
import { scratchFolder } from "./support/cli.js";
import { pngOf } from "./support/pictures.js";
import { writeShapes } from "./support/shapes.js";

/*
 * Whatever a name, a file or an argument holds, it can't steer the terminal, end the line or turn the direction of writing.
 */

/** Sets the title, clears the screen, begins an alarm (C1), deletes, turns the direction, begins lines, ends a paragraph. */
const HOSTILE = "\x1b]0;pwned\x07\x1b[2J\u009b31m\u0085\x7f\u202eevil\u2066\u200f\nnew\rline\t\u2028";
/** What must never reach a terminal: all of Unicode's controls but the ends of the program's own lines. */
const STEERING = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;
const ESCAPED = String.raw`\u001b]0;pwned\u0007\u001b[2J\u009b31m\u0085\u007f\u202eevil\u2066\u200f\u000anew\u000dline\u0009\u2028`;

const scratch = scratchFolder();

/** Runs the command line in this process. */
async function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  const catchFrom = (name: "stdout" | "stderr") =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      said[name] += text;
      return true;
    });
  const spies = [catchFrom("stdout"), catchFrom("stderr")];
  try {
    return { code: await main(args), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const layers = [{ type: "flatten" }, { type: "dense", units: 10 }] as const;
const spec: ModelSpec = {
  input: [1, 12, 12],
  layers,
  classes: [HOSTILE, ...Array.from({ length: 9 }, (_, k) => String(k))],
};
const file = (name: string) => scratch(`${HOSTILE}${name}`);

/** The files whose names and contents are hostile. */
beforeAll(async () => {
  const model = defineModel(spec);
  await writeShapes(file("data"), { train: 40, test: 20 });
  await writeFile(file("net.json"), JSON.stringify(spec));
  await writeFile(file("net.safetensors"), formatModel({ model, parameters: initialParameters(model, 0) }));
  await writeFile(scratch("nothing.json"), "\x1b]0;pwned\x07\x1b[2J{");
  await writeFile(scratch("key.json"), JSON.stringify({ ...spec, [HOSTILE]: 1 }));
  await writeFile(scratch("type.json"), JSON.stringify({ ...spec, layers: [{ type: HOSTILE }] }));
  await writeFile(
    scratch("option.json"),
    JSON.stringify({ ...spec, layers: [{ type: "relu", [HOSTILE]: 1 }] }),
  );
  await writeFile(
    scratch("twice.json"),
    JSON.stringify({ ...spec, classes: [HOSTILE, HOSTILE, ..."01234567"] }),
  );
  const grey = {
    width: 12,
    height: 12,
    channels: 1,
    depth: 8,
    data: new Uint8Array(144).fill(255, 40, 44),
  } as const;
  await writeFile(file("picture.png"), pngOf(grey));
  const zeros = (...shape: number[]) => ({ shape, data: new Float64Array(shape.reduce((a, b) => a * b)) });
  const mine = { x: zeros(2, 144), y: zeros(2), "fc1.weight": zeros(10, 144), "fc1.bias": zeros(10) };
  await writeFile(file("mine.npz"), formatNpz({ ...mine, "fc1.out": zeros(2, 10), [HOSTILE]: zeros(1) }));
  await writeFile(scratch("unknown.npz"), formatNpz({ [HOSTILE]: zeros(1) }));
});

const training = () => ["--data", file("data"), "--epochs", "1", "--engine", "reference"];

/** Every command, with something hostile in each place that it prints. */
const calls: readonly [what: string, code: number, args: () => string[]][] = [
  ["unknown command", 2, () => [HOSTILE]],
  ["unknown option of the program", 2, () => [`--${HOSTILE}`]],
  ["unknown option near a known one", 2, () => ["train", "--epoch\x1b[2J"]],
  ["superfluous argument", 2, () => ["train", HOSTILE]],
  ["number", 2, () => ["train", "--epochs", HOSTILE]],
  ["choice", 2, () => ["train", "--optimizer", HOSTILE]],
  ["data", 2, () => ["train", "--data", HOSTILE]],
  ["built-in model", 2, () => ["summary", HOSTILE]],
  ["train", 0, () => ["train", "--model", file("net.json"), ...training(), "--out", file("out.safetensors")]],
  ["train to a folder that isn't there", 2, () => ["train", "--out", `${HOSTILE}/a.safetensors`]],
  ["evaluate", 0, () => ["evaluate", file("net.safetensors"), "--data", file("data")]],
  [
    "predict",
    0,
    () => ["predict", file("net.safetensors"), file("picture.png"), file("picture.png"), "--bars"],
  ],
  ["predict no picture", 2, () => ["predict", file("net.safetensors"), file("net.json")]],
  ["predict some", 2, () => ["predict", file("net.json"), file("picture.png"), HOSTILE]],
  ["summary of a spec", 0, () => ["summary", file("net.json")]],
  ["summary of no JSON", 2, () => ["summary", scratch("nothing.json")]],
  ["summary of an unknown key", 2, () => ["summary", scratch("key.json")]],
  ["summary of an unknown type", 2, () => ["summary", scratch("type.json")]],
  ["summary of an unknown option", 2, () => ["summary", scratch("option.json")]],
  ["summary of a class twice", 2, () => ["summary", scratch("twice.json")]],
  ["summary of a missing file", 2, () => ["summary", `${HOSTILE}.safetensors`]],
  ["inspect", 0, () => ["inspect", file("net.json")]],
  ["inspect a layer", 2, () => ["inspect", file("net.json"), "--layer", HOSTILE]],
  [
    "explain",
    0,
    () => ["explain", file("net.json"), file("picture.png"), "--out", file("report.html"), "--terminal"],
  ],
  [
    "explain an image of data",
    0,
    () => ["explain", file("net.json"), "--index", "0", "--data", file("data")],
  ],
  [
    "explain another class",
    2,
    () => ["explain", file("net.json"), file("picture.png"), "--label", `x${HOSTILE}`],
  ],
  ["gradcheck", 0, () => ["gradcheck", file("net.json"), "--data", file("data"), "--cells", "2"]],
  ["check", 0, () => ["check", file("mine.npz")]],
  ["check unknown arrays", 2, () => ["check", scratch("unknown.npz")]],
  ["check what is no npz", 2, () => ["check", file("net.json")]],
  ["explore", 2, () => ["explore", `${HOSTILE}.json`]],
  ["bench", 2, () => ["bench", HOSTILE]],
  ["scaling", 2, () => ["scaling", "--out", HOSTILE]],
  ["data", 2, () => ["data", HOSTILE]],
  ["data fetch", 2, () => ["data", "fetch", HOSTILE]],
  ["data sheet", 0, () => ["data", "sheet", file("data"), "--out", file("sheet.png")]],
  ["data sheet elsewhere", 2, () => ["data", "sheet", "--out", HOSTILE]],
];

test("whatever names, files and arguments hold, no command prints what steers a terminal", async () => {
  for (const [what, code, args] of calls) {
    const result = await run(args());
    const said = result.stdout + result.stderr;
    expect(result.code, `${what}: ${said}`).toBe(code);
    expect(said, what).not.toMatch(STEERING);
    expect(said, `${what}: a line of its own`).not.toMatch(/^(new|line)/m);
    if (code !== 0) expect(said, what).toMatch(/\\u001b/);
  }
});

test("--json: what steers is escaped, and the values are what they were", async () => {
  const values: [args: string[], of: (json: never) => unknown][] = [
    [["summary", file("net.json"), "--json"], (json: { classes: string[] }) => json.classes[0]],
    [
      ["predict", file("net.safetensors"), file("picture.png"), "--json"],
      ([{ file: name }]: { file: string }[]) => name.slice(scratch("").length + 1, -"picture.png".length),
    ],
    [
      ["train", "--model", file("net.json"), ...training(), "--out", file("out.safetensors"), "--json"],
      ({ out }: { out: string }) => out.slice(scratch("").length + 1, -"out.safetensors".length),
    ],
  ];
  for (const [args, of] of values) {
    const { stdout } = await run(args);
    expect(stdout, args[0]).not.toMatch(STEERING);
    expect(stdout.split("\n"), args[0]).toHaveLength(2);
    expect(of(JSON.parse(stdout) as never), args[0]).toBe(HOSTILE);
  }
});

/** Takes what is written to a terminal. */
function terminal(columns = 80) {
  const stream = {
    isTTY: true,
    columns,
    text: "",
    write(text: string) {
      stream.text += text;
      return true;
    },
  };
  return stream;
}

test("on a terminal the program's own colours pass, those in a name don't", () => {
  const stream = terminal();
  const { bold } = stylesFor(stream, { TERM: "xterm" });
  printLines([`${bold(`a\x1b[31m${HOSTILE}`)} b`], stream as never);
  expect(stream.text).toBe(`\x1b[1ma\\u001b[31m${ESCAPED}\x1b[22m b\n`);
});

test("progress: neither a line that stays nor a bar is steered", () => {
  const stream = terminal(300);
  const progress = new Progress(stream as never, false, { TERM: "xterm" });
  progress.say(`Loading ${HOSTILE}`);
  progress.show({ title: HOSTILE, share: 0.5, details: [HOSTILE] });
  const [stays, shown] = stream.text.split("\r\x1b[K");
  expect(stays).toBe(`Loading ${ESCAPED}\n`);
  expect(shown).not.toMatch(STEERING);
  expect(shown).toContain(ESCAPED);
});

test("letters of all languages, and emoji, stay as they are", () => {
  for (const text of ["Zürich", "数字", "ספרה", "رقم", "👩‍👧 7️⃣", "a\\u001b"])
    expect(outputLine(text)).toBe(text);
});

test("nothing but the one place writes to the terminal", async () => {
  const source = fileURLToPath(new URL("../src", import.meta.url));
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith(".ts"));
  expect(files.length).toBeGreaterThan(50);
  const writers: string[] = [];
  for (const name of files) {
    const text = await readFile(`${source}/${name}`, "utf8");
    if (/(stdout|stderr|stream)\.write\(|console\.\w+\(/.test(text)) writers.push(name);
  }
  // the child prints numbers for its parent
  expect(writers.sort()).toEqual(["commands/bench/child.ts", "terminal/output.ts", "terminal/progress.ts"]);
});
