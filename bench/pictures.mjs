// Digits drawn in many styles, read by a network that was trained on MNIST: the table of docs/pictures.md.
//
//   npm run build && UNRAVEL_DATA=... node bench/pictures.mjs [--model FILE] [--before DIR] [--count 40] [--only TEXT] [--half all]
//
// Without --model, lenet5 is trained first, with the defaults of `unravel train`. --before is another checkout of this repository,
// built, whose code reads the same pictures. --half takes the styles that were looked at while the code was written ("looked") or
// the others ("others"). --show DIR keeps what was read wrong: the picture, and the network's input, as PNG.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readArguments } from "../scripts/arguments.mjs";
import { diceOf } from "./pictures/dice.mjs";
import { strokesOf } from "./pictures/digits.mjs";
import { png } from "./pictures/files.mjs";
import { styles } from "./pictures/styles.mjs";

const options = readArguments({ model: "", before: "", count: 40, only: "", half: "all", show: "" });
const here = fileURLToPath(new URL("..", import.meta.url));

const load = (root, file) => import(pathToFileURL(join(root, "packages", file)).href);
const { createEngine, predict } = await load(here, "core/dist/index.js");
const { readModel } = await load(here, "core/dist/node/index.js");
const own = (name) => load(here, `core/dist/data/digits/${name}.js`);
const [{ shapeDigit }, { distort }, { flatten }, { Dice }] = await Promise.all(
  ["shape", "distort", "curve", "dice"].map(own),
);
const { randomStream } = await load(here, "core/dist/random.js");

const random = randomStream(7, "pictures");

/** A digit as the project's hand writes it, neatly. */
function hand(digit, index) {
  const dice = new Dice(random, index);
  const strokes = shapeDigit(dice, digit, 0.5);
  distort(dice, digit, 0.5, strokes);
  return strokes
    .map(flatten)
    .map((chain) =>
      Array.from({ length: chain.length / 2 }, (_, k) => [chain[2 * k] / 100, chain[2 * k + 1] / 100]),
    );
}

function trained() {
  const file = join(mkdtempSync(join(tmpdir(), "pictures-")), "lenet5.safetensors");
  const unravel = join(here, "packages/cli/bin/unravel.js");
  execFileSync(process.execPath, [
    unravel,
    "train",
    "--model",
    "lenet5",
    "--data",
    "mnist",
    "--quiet",
    "--out",
    file,
  ]);
  return file;
}

const saved = await readModel(options.model || trained());
const engine = await createEngine(saved.model.spec, { parameters: saved.parameters });

/** What one checkout's code makes of a picture: the class, or why there is none. */
async function readerOf(root) {
  const { inputFromPicture } = await load(root, "core/dist/index.js");
  const { decodePicture } = await load(root, "files/dist/node/index.js");
  return async (made) => {
    const begin = performance.now();
    try {
      const picture = made instanceof Uint8Array ? await decodePicture(made) : made;
      const input = inputFromPicture(saved.model, picture);
      const milliseconds = performance.now() - begin;
      const [{ index }] = await predict(engine, input);
      return { index, input, picture, milliseconds };
    } catch (error) {
      return { index: -1, why: error.message, picture: made, milliseconds: performance.now() - begin };
    }
  };
}

const readers = [...(options.before ? [await readerOf(resolve(options.before))] : []), await readerOf(here)];
const chosen = styles.filter(
  ([name, looked]) =>
    name.includes(options.only) && (options.half === "all" || looked === (options.half === "looked")),
);
const heads = options.before ? ["before", "now"] : ["now"];
console.log(`| style | looked at | ${heads.join(" | ")} |\n|---|---|${"---|".repeat(heads.length)}`);
const totals = heads.map(() => [0, 0]);
const tellings = [];
for (const [name, looked, draw] of chosen) {
  const right = heads.map(() => 0);
  for (let n = 0; n < options.count; n++) {
    const digit = n % 10;
    const dice = diceOf(`${name} ${n}`);
    const drawn = await draw(dice, strokesOf(digit, dice, hand));
    const made = drawn instanceof Uint8Array ? drawn : drawn.picture();
    for (const [k, read] of readers.entries()) {
      const answer = await read(made);
      if (answer.index === digit) right[k]++;
      else if (k === readers.length - 1) tell(name, n, digit, answer);
    }
  }
  for (const [k, count] of right.entries()) totals[k][looked ? 0 : 1] += count;
  console.log(`| ${name} | ${looked ? "yes" : "no"} | ${right.join(" | ")} |`);
}
for (const [k, looked] of [true, false].entries()) {
  const all = options.count * chosen.filter((style) => style[1] === looked).length;
  if (all > 0)
    console.log(
      `| all ${looked ? "looked at" : "others"}, of ${all} | | ${totals.map((t) => t[k]).join(" | ")} |`,
    );
}
console.log(`\n${cpus()[0].model}, Node.js ${process.version}`);
if (options.show) console.log(tellings.join("\n"));
await engine.close();

/** Keeps what was read wrong. */
function tell(name, n, digit, { index, why, input, picture }) {
  if (!options.show) return;
  mkdirSync(options.show, { recursive: true });
  const file = join(options.show, `${name.replace(/\W+/g, "-")}-${n}`);
  tellings.push(`${name} ${n}: ${digit} was read as ${index}${why ? ` (${why})` : ""}`);
  if (picture.channels === 3) writeFileSync(`${file}.png`, png(picture));
  if (!input) return;
  const data = Uint8Array.from({ length: 3 * 784 }, (_, k) => input[Math.floor(k / 3)]);
  writeFileSync(`${file}-input.png`, png({ width: 28, height: 28, data }));
}
