import { mkdir, readdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectRefusal, scratchFolder, unravel } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";

/*
 * Command lines that can't be: each is refused with exit code 2 and one sentence that says what to type instead.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 40, test: 20 });

beforeAll(async () => {
  await mkdir(scratch("folder.safetensors"));
  await mkdir(scratch("out"));
  await writeFile(scratch("file"), "");
  await writeFile(scratch("file.safetensors"), "somebody's notes");
});

type Row = readonly [args: string, message: RegExp];

/** Words are split at spaces; `''` is an empty one. */
function wordsOf(args: string): string[] {
  return args.split(" ").map((word) => (word === "''" ? "" : word));
}

const commands: readonly Row[] = [
  ["trian", /^unknown command 'trian' \(did you mean train\?\); try --help\.$/],
  ["frobnicate", /^unknown command 'frobnicate'; try --help\.$/],
  ["--frobnicate", /^unknown option '--frobnicate'; try --help\.$/],
  ["train --epoch 3", /^unknown option '--epoch' \(did you mean --epochs\?\); try --help\.$/],
  ["train --learning_rate 1", /'--learning_rate' \(did you mean --learning-rate\?\)/],
  ["train -x", /^unknown option '-x'; try --help\.$/],
  ["train lenet5", /^train takes options only, not "lenet5"; for a network write --model NAME\.$/],
  ["train --epochs", /^option '--epochs <n>' argument missing; try --help\.$/],
  ["evaluate", /^missing required argument 'model'; try --help\.$/],
  ["evaluate one-conv lenet5", /^too many arguments for 'evaluate' \(expected 1 argument but got 2\)/],
  ["summary one-conv lenet5", /^too many arguments for 'summary'/],
  ["train --data --json", /^--data needs a value, but "--json" is an option; /],
  ["train --seed --json", /^--seed needs a value, but "--json" is an option\.$/],
  [
    "explain lenet5 --index 0 --out notes.md",
    /^--out must be a file name that ends in \.html, not "notes\.md"\.$/,
  ],
  [
    "explain lenet5 --trace trace.txt",
    /^--trace must be a file name that ends in \.npz or \.json, not "trace\.txt"/,
  ],
  ["check --example right.zip", /^--example must be a file name that ends in \.npz, not "right\.zip"\.$/],
  ["check --example --json", /^--example needs a value, but "--json" is an option; /],
  ["scaling --out plot.png", /^--out must be a file name that ends in \.svg, not "plot\.png"\.$/],
  ["data sheet digits --out sheet.jpg", /^--out must be a file name that ends in \.png, not "sheet\.jpg"\.$/],
  ["data lst", /^unknown command 'lst' \(did you mean list\?\); try --help\.$/],
  ["data fetch mnst", /^The data set must be mnist or fashion-mnist, not "mnst" \(did you mean mnist\?\)\.$/],
  [
    "inspect lenet5 --layer conf2",
    /^There is no layer "conf2" in lenet5 \(did you mean conv2\?\); its layers are /,
  ],
  ["summary --epochs 3", /^unknown option '--epochs'; try --help\.$/],
  ["evaluate one-conv --seed", /^option '--seed <n>' argument missing/],
];

const whole = (name: string, value: string) =>
  new RegExp(`^--${name} must be a whole number .*, not "${value}"\\.$`);
const real = (name: string, value: string) =>
  new RegExp(`^--${name} must be a number .*, not "${value}"\\.$`);

const numbers: readonly Row[] = [
  ["--epochs 0", whole("epochs", "0")],
  ["--epochs -1", whole("epochs", "-1")],
  ["--epochs 1.5", whole("epochs", "1.5")],
  ["--epochs ''", whole("epochs", "")],
  ["--epochs three", whole("epochs", "three")],
  ["--epochs NaN", whole("epochs", "NaN")],
  ["--epochs Infinity", whole("epochs", "Infinity")],
  ["--epochs 1e99", whole("epochs", "1e99")],
  ["--epochs 3x", whole("epochs", "3x")],
  ["--epochs 0x10", whole("epochs", "0x10")],
  ["--batch-size 0", whole("batch-size", "0")],
  ["--batch-size 2.5", whole("batch-size", "2.5")],
  ["--filters 0", whole("filters", "0")],
  ["--filters -1", whole("filters", "-1")],
  ["--filters 2.5", whole("filters", "2.5")],
  ["--limit 0", whole("limit", "0")],
  ["--limit -5", whole("limit", "-5")],
  ["--seed -1", whole("seed", "-1")],
  ["--seed 1.5", whole("seed", "1.5")],
  ["--seed 4294967296", /^--seed must be a whole number from 0 to 4294967295, not "4294967296"\.$/],
  ["--threads 0", whole("threads", "0")],
  ["--threads 257", whole("threads", "257")],
  ["--threads 1.5", whole("threads", "1.5")],
  ["--learning-rate 0", real("learning-rate", "0")],
  ["--learning-rate -0.1", real("learning-rate", "-0.1")],
  ["--learning-rate NaN", real("learning-rate", "NaN")],
  ["--learning-rate Infinity", real("learning-rate", "Infinity")],
  ["--learning-rate 1e999", real("learning-rate", "1e999")],
  ["--learning-rate 0,01", real("learning-rate", "0,01")],
  ["--momentum 1", real("momentum", "1")],
  ["--momentum -0.1", real("momentum", "-0.1")],
  ["--weight-decay -1", real("weight-decay", "-1")],
  ["--decay biases", /^--decay must be all or weights, not "biases"\.$/],
  ["--decay weights", /^--decay goes with --weight-decay, which adam is without unless you give it\.$/],
  ["--clip 0", real("clip", "0")],
  ["--ema 0", real("ema", "0")],
  ["--ema 1", real("ema", "1")],
  ["--label-smoothing 1", real("label-smoothing", "1")],
  [
    "--augment shfit=2",
    /^--augment knows no "shfit" \(did you mean shift\?\); it takes auto, or some of shift, /,
  ],
  ["--augment shift=two", /^--augment: shift takes a number, like shift=1, not "shift=two"\.$/],
  ["--augment shift=2=3", /^--augment: shift takes a number/],
  ["--augment shift,flip,shift=2", /^--augment has shift twice; give it once\.$/],
  ["--augment rotate=200", /^--augment.rotate must be a number of degrees from 0 to 180, not 200\.$/],
  ["--augment ,", /^--augment knows no ""; it takes auto/],
  [
    "--class-weights 1,,2",
    /^--class-weights must be "balanced" or a number above 0 for each class .*, not "1,,2"\.$/,
  ],
  ["--validation 1.5", real("validation", "1.5")],
  ["--validation -1", real("validation", "-1")],
  ["--validation ''", real("validation", "")],
];

const words: readonly Row[] = [
  ["--optimizer rmsprop", /^--optimizer must be sgd, adam or adamw, not "rmsprop"\.$/],
  ["--optimizer SGD", /^--optimizer must be .*, not "SGD" \(did you mean sgd\?\)\.$/],
  ["--optimizer adm", /, not "adm" \(did you mean adam\?\)\.$/],
  ["--schedule onecycle", /, not "onecycle" \(did you mean one-cycle\?\)\.$/],
  ["--engine wsam", /, not "wsam" \(did you mean wasm\?\)\.$/],
  ["--convolution drect", /, not "drect" \(did you mean direct\?\)\.$/],
  ["--model lenet", /^There is no built-in model "lenet" \(did you mean lenet5\?\); there are one-conv, /],
  ["--data digts", /^digts: there is no such folder, and no data of that name \(did you mean digits\?\)\.$/],
  ["--init zero", /^--init must be he or normal, not "zero"\.$/],
  ["--schedule linear", /^--schedule must be constant, cosine or one-cycle, not "linear"\.$/],
  ["--engine gpu", /^--engine must be .*, not "gpu"\.$/],
  ["--data ''", /^--data must be /],
  [
    "--model vgg",
    /^There is no built-in model "vgg"; there are one-conv, three-conv, lenet5, convnet, small, resnet, seven-conv, or give a file/,
  ],
  ["--model lenet5 --width 8", /^The width can be chosen for resnet only; lenet5 has its own\.$/],
  ["--model resnet --depth 0", /^--depth must be /],
  ["--model ''", /^There is no built-in model ""/],
  ["--model toString", /^There is no built-in model "toString"/],
];

/** These need the data, so they are found a little later. */
const combinations: readonly Row[] = [
  ["--model lenet5 --filters 4", /filters/],
  ["--optimizer adam --momentum 0.9", /^--momentum goes with --optimizer sgd, not with adam\.$/],
  ["--optimizer adamw --nesterov", /^--nesterov goes with --optimizer sgd, not with adamw\.$/],
  ["--optimizer sgd --momentum 0 --nesterov", /[Nn]esterov/],
  ["--filters 1e9", /^Layer 1, conv1: its weight .* use fewer filters/],
  ["--validation 40", /^The validation split must be .* below 40, not 40\.$/],
  ["--validation 1e9", /^The validation split must be /],
  ["--validation 0.001", /^The validation split must be /],
  ["--validation 0.5 --limit 1", /^The validation split must be /],
];

const outs: readonly Row[] = [
  [
    "--out --json",
    /^--out needs a value, but "--json" is an option; for a file of that name write \.\/--json\.$/,
  ],
  [
    "--out -x.safetensors",
    /^--out needs a value, but "-x\.safetensors" is an option; .* \.\/-x\.safetensors\.$/,
  ],
  ["--out -", /^--out -: only files can be written, as standard output has the results; .* \.safetensors\.$/],
  ["--out /dev/stdout", /^--out \/dev\/stdout: only files can be written, .* ends in \.safetensors\.$/],
  [
    "--out file.safetensors",
    /^file\.safetensors is there already and is not a model that unravel wrote, so it is/,
  ],
  ["--out ''", /^--out must be a file name that ends in \.safetensors, not ""\.$/],
  ["--out out/model.bin", /^--out must be a file name that ends in \.safetensors, not "out\/model\.bin"\.$/],
  ["--out folder.safetensors", /^folder\.safetensors is a folder; give the name of a file\.$/],
  [
    "--out missing/model.safetensors",
    /^missing\/model\.safetensors cannot be written: .* no such file or folder\.$/,
  ],
  ["--out file/model.safetensors", /^file\/model\.safetensors cannot be written: .* not a folder\.$/],
];

const asTyped = (args: string) => wordsOf(args);
const withTrain = (args: string) => ["train", ...data(), ...wordsOf(args)];
const withOut = (args: string) => [...withTrain(args), "--out", scratch("out", "model.safetensors")];

describe.concurrent.each([
  ["commands", commands, asTyped],
  ["numbers", numbers, withOut],
  ["words", words, withOut],
  ["options that don't go together", combinations, withOut],
  ["files to write", outs, withTrain],
] as const)("%s", (_, rows, commandLine) => {
  test.each(rows)("%s", async (args, message) => {
    expectRefusal(await unravel(commandLine(args), { cwd: scratch() }), 2, message);
  });
});

afterAll(async () => {
  expect(await readdir(scratch("out")), "none of them has written anything").toEqual([]);
});
