import { spawnSync } from "node:child_process";
import { readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import { namesIn, temporaryFolder } from "../../../test/support/folder.js";
import { testIfPresent } from "../../../test/support/needs.js";
import { expectSentence } from "../../../test/support/sentence.js";
import { formatSafetensors } from "../../core/src/formats/safetensors.js";
import {
  concludeScaling,
  defineModel,
  formatModel,
  formatNpz,
  formatTraceJson,
  formatTraceNpz,
  initialParameters,
  oneConv,
  renderReport,
  renderScalingSvg,
  traceImage,
} from "../../core/src/index.js";
import { nameFor } from "../../core/src/node/leftovers.js";
import { Interrupted } from "../src/exit.js";
import {
  ARRAYS_FILE,
  DRAWING_FILE,
  type FileKind,
  MODEL_FILE,
  PICTURE_FILE,
  PNG_TEXT,
  REPORT_FILE,
  TRACE_FILE,
} from "../src/output/kinds.js";
import { checkOutput, writeOutput } from "../src/output/write.js";
import { scratchFolder, succeed, unravel } from "./support/cli.js";

/*
 * Files that commands write: never over somebody else's.
 */

const scratch = scratchFolder();
const text = (content: string) => new TextEncoder().encode(content);

const model = defineModel(oneConv({ filters: 1, input: [1, 8, 8] }));
const parameters = initialParameters(model, 0);
const subject = { model, parameters };
const trace = traceImage(subject, new Uint8Array(64).fill(9), { label: 1, learningRate: 0.1 });
const arrays = { x: { shape: [2], data: Float64Array.of(1, 2) } };
const points = [1, 2, 4].map((value) => ({
  value,
  multiplyAddsPerEpoch: value,
  secondsPerEpoch: value,
  fastest: value,
  slowest: value,
  imagesPerSecond: 1,
  imagesTimed: 1,
  gflops: 1,
}));
const pixels = { width: 2, height: 1, data: Uint8Array.of(0, 255), depth: 8, channels: 1 } as const;

/** What this program writes, and files with such names that others do. */
const kinds: readonly [kind: FileKind, ours: () => Uint8Array, others: readonly Uint8Array[]][] = [
  [
    MODEL_FILE,
    () => formatModel(subject),
    [text("notes"), formatSafetensors(parameters), formatSafetensors(parameters, { format: "pt" })],
  ],
  [
    REPORT_FILE,
    () => text(renderReport({ trace, modelName: "m", trained: true, imageName: "i", labelKnown: true })),
    [text("<!doctype html>\n<title>Mine</title>"), text("# Notes")],
  ],
  [ARRAYS_FILE, () => formatTraceNpz(trace), [formatNpz(arrays), text("PK\x03\x04"), text("notes")]],
  [TRACE_FILE, () => text(formatTraceJson(trace)), [text('{ "input": [1, 28, 28] }'), text("{}")]],
  [
    DRAWING_FILE,
    () => text(renderScalingSvg("filters", points, concludeScaling("filters", points), { subtitle: "s" })),
    [text('<svg xmlns="http://www.w3.org/2000/svg"></svg>')],
  ],
  [PICTURE_FILE, () => encode({ ...pixels, text: PNG_TEXT }), [encode({ ...pixels }), text("\x89PNG")]],
];

/** The command line's own errors: it loads the library as it is installed. */
async function expectRejection(work: Promise<unknown>, name: string, sentence: RegExp): Promise<void> {
  const error: Error = await work.then(
    () => expect.unreachable("it must be refused"),
    (error) => error,
  );
  expect(error.name).toBe(name);
  expect(error.message).toMatch(sentence);
  expectSentence(error.message);
}

describe.each(kinds.map(([kind, ours, others]) => ({ ...kind, kind, ours, others })))(
  "$ending",
  ({ kind, ending, ours, others }) => {
    test("its own file, an empty one and none are replaced", async () => {
      const folder = await temporaryFolder({ [`empty${ending}`]: "", [`ours${ending}`]: ours() });
      for (const name of ["empty", "ours", "none"].map((name) => `${folder}/${name}${ending}`)) {
        await checkOutput(name, kind);
        await writeOutput(name, kind, text("new"));
        expect(await readFile(name, "utf8")).toBe("new");
      }
    });

    test("another's is not", async () => {
      for (const content of others) {
        const folder = await temporaryFolder({ [`file${ending}`]: content });
        const path = `${folder}/file${ending}`;
        const sentence =
          /^\S+ is there already and is not an? .* that unravel wrote, so it is not replaced; /;
        await expectRejection(checkOutput(path, kind), "InputError", sentence);
        await expectRejection(writeOutput(path, kind, text("new")), "FailureError", sentence);
        expect(new Uint8Array(await readFile(path))).toEqual(content);
        expect(await namesIn(folder)).toEqual([`file${ending}`]);
      }
    });
  },
);

testIfPresent(process.platform !== "win32", "Windows lets only some make symbolic links")(
  "what is there and can't be read is not replaced",
  async () => {
    const path = `${await temporaryFolder()}/round.svg`;
    await symlink("round.svg", path);
    const sentence = /^\S+ is there already and can't be read, so it is not replaced\.$/;
    await expectRejection(writeOutput(path, DRAWING_FILE, text("new")), "FailureError", sentence);
    expect(await readlink(path)).toBe("round.svg");
  },
);

test("a file that comes while the training goes on is not replaced either, and the result not lost", async () => {
  const { TrainedFile } = await import("../src/commands/train/trainedFile.js");
  const folder = await temporaryFolder();
  const file = new TrainedFile(`${folder}/net.safetensors`);
  await file.check(model);
  await writeFile(file.path, "somebody's notes");
  await expectRejection(
    file.write(model, parameters),
    "FailureError",
    /^\S+net\.safetensors is there already .*; what was learnt is in \S+net\.interrupted\.safetensors\.$/,
  );
  expect(await readFile(file.path, "utf8")).toBe("somebody's notes");
  expect(new Uint8Array(await readFile(file.interruptedPath))).toEqual(formatModel(subject));
});

test("of a training that is interrupted, what was learnt is kept, and nothing where nothing was", async () => {
  const { TrainedFile } = await import("../src/commands/train/trainedFile.js");
  const folder = await temporaryFolder();
  const file = new TrainedFile(`${folder}/net.safetensors`);
  const early = new Interrupted("SIGINT");
  await file.keep(early, { ...subject, title: "net", trained: false }, parameters);
  expect([early.outcome, await namesIn(folder)]).toEqual(["nothing was written", []]);

  const later = new Interrupted("SIGINT");
  const learnt = initialParameters(model, 1);
  await file.keep(later, { ...subject, title: "net", trained: false }, learnt);
  expect(later.outcome).toBe(`what was learnt so far is in ${file.interruptedPath}`);
  expect(new Uint8Array(await readFile(file.interruptedPath))).toEqual(
    formatModel({ model, parameters: learnt }),
  );
});

test("somebody's file where an interruption would write is found before the training", async () => {
  const { TrainedFile } = await import("../src/commands/train/trainedFile.js");
  const folder = await temporaryFolder({ "net.interrupted.safetensors": "notes" });
  const file = new TrainedFile(`${folder}/net.safetensors`);
  await expectRejection(file.check(model), "InputError", /net\.interrupted\.safetensors is there already/);
});

test("each command looks before it writes; what a killed process has left there is removed", async () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  await writeFile(scratch(nameFor(pid)), "half");
  await writeFile(scratch("mine.npz"), "my arrays");
  const cwd = scratch();
  const refused = await unravel(["check", "--example", "mine.npz"], { cwd });
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(await readFile(scratch("mine.npz"), "utf8")).toBe("my arrays");

  const { stderr } = await succeed(["check", "--example", "right.npz"], { cwd });
  expect(stderr).toBe("Wrote right.npz\n");
  await succeed(["data", "sheet", "digits", "--rows", "1", "--columns", "2", "--quiet"], { cwd });
  await succeed(["data", "sheet", "digits", "--rows", "1", "--columns", "2", "--quiet"], { cwd });
  expect(await namesIn(scratch())).toEqual(["digits.png", "mine.npz", "right.npz"]);
});
