import {
  cp,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { testIfPresent } from "../../../test/support/needs.js";
import { startProcess } from "../../../test/support/processes.js";
import {
  cleanEnv,
  ended,
  expectRefusal,
  scratchFolder,
  start,
  succeed,
  UNRAVEL,
  unravel,
} from "./support/cli.js";
import { FILES, idx, useShapes } from "./support/shapes.js";

/*
 * Files that are not what they should be: data, models, outputs.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 40, test: 20 });
const gz = `${FILES.trainImages}.gz`;
const images = (dimensions: number[]) => idx(dimensions, new Uint8Array(dimensions.reduce((a, b) => a * b)));

interface DataRow {
  readonly what: string;
  /** Damages a folder that was sound. */
  readonly damage: (folder: string) => Promise<unknown>;
  readonly message: RegExp;
}

const damagedData: readonly DataRow[] = [
  {
    what: "no folder",
    damage: (f) => rm(f, { recursive: true }),
    message: /bad: there is no such file or folder; /,
  },
  {
    what: "a file for a folder",
    damage: async (f) => {
      await rm(f, { recursive: true });
      await writeFile(f, "");
    },
    message: /bad: it is empty; get it again/,
  },
  {
    what: "an empty folder",
    damage: async (f) => {
      await rm(f, { recursive: true });
      await mkdir(f);
    },
    message: /bad: the file train-images-idx3-ubyte\.gz is missing/,
  },
  {
    what: "no test labels",
    damage: (f) => rm(`${f}/${FILES.testLabels}`),
    message: /t10k-labels-idx1-ubyte\.gz is missing/,
  },
  {
    what: "gzip cut short",
    damage: (f) => truncate(`${f}/${gz}`, 500),
    message: /gz: the gzip data is damaged \(/,
  },
  {
    what: "a .gz that is none",
    damage: (f) => writeFile(`${f}/${gz}`, images([40, 12, 12])),
    message: /gzip data is damaged .* take \.gz off its name\.$/,
  },
  {
    what: "labels where the images should be",
    damage: (f) => writeFile(`${f}/${gz}`, gzipSync(idx([40], new Uint8Array(40)))),
    message: /begins with 0x00000801; it holds labels, so it is the wrong file\.$/,
  },
  {
    what: "an empty file of images",
    damage: (f) => writeFile(`${f}/${gz}`, gzipSync("")),
    message: /a header of 16 bytes, but this file has 0 in all/,
  },
  {
    what: "fewer pixels than promised",
    damage: (f) => writeFile(`${f}/${gz}`, gzipSync(images([40, 12, 12]).subarray(0, 999))),
    message: /promises 40 x 12 x 12 = 5760 bytes .* but 983 follow: the file is cut short/,
  },
  {
    what: "more pixels than promised",
    damage: (f) => writeFile(`${f}/${gz}`, gzipSync(Buffer.concat([images([40, 12, 12]), Buffer.alloc(3)]))),
    message: /the file is too long/,
  },
  {
    what: "fewer labels than images",
    damage: (f) => writeFile(`${f}/${FILES.trainLabels}`, idx([39], new Uint8Array(39))),
    message: /it holds 39 labels, but .* holds 40 images/,
  },
  {
    what: "a label out of range",
    damage: (f) => writeFile(`${f}/${FILES.testLabels}`, idx([20], new Uint8Array(20).fill(10, 7, 8))),
    message: /label 7 \(at byte 15, unpacked\) is 10, but labels go from 0 to 9/,
  },
  {
    what: "test images of another size",
    damage: (f) => writeFile(`${f}/${FILES.testImages}.gz`, gzipSync(images([20, 9, 9]))),
    message: /the training images are 12x12, but the test images 9x9/,
  },
];

describe("data", () => {
  test.each(damagedData)("$what", async ({ damage, message }) => {
    const folder = scratch("bad");
    await rm(folder, { recursive: true, force: true });
    await cp(scratch("shapes"), folder, { recursive: true });
    await damage(folder);
    const out = scratch("never.safetensors");

    expectRefusal(await unravel(["train", "--data", folder, "--out", out]), 2, message);
    expect(await readdir(scratch())).not.toContain("never.safetensors");
  });
});

const spec = (layer: object, rest: object = {}) =>
  JSON.stringify({
    input: [1, 12, 12],
    layers: [layer, { type: "flatten" }, { type: "dense", units: 10 }],
    ...rest,
  });
const conv = { type: "conv2d", filters: 2, kernel: 3 };

/** Each file by its name; `sound` is what a trained model's bytes are. */
const damagedModels: readonly [
  name: string,
  bytes: (sound: Buffer) => string | Uint8Array,
  message: RegExp,
][] = [
  ["nan.json", () => spec(conv).replace('"kernel":3', '"kernel":NaN'), /^nan\.json: .* is not valid JSON: /],
  [
    "key.json",
    () => spec({ ...conv, fliters: 3 }),
    /^key\.json: Layer 1, conv1: unknown option "fliters" \(did you mean "filters"\?\); known/,
  ],
  ["top.json", () => spec(conv, { name: "x" }), /^top\.json: .*"name"/],
  [
    "kernel.json",
    () => spec({ ...conv, kernel: 13 }),
    /window reaches over 13x13 cells, but its input is 12x12/,
  ],
  ["none.json", () => "", /^none\.json: The model spec is not valid JSON/],
  ["list.json", () => "[]", /^list\.json: /],
  ["null.json", () => "null", /^null\.json: /],
  ["softmax.json", () => spec({ type: "softmax" }), /softmax is part of the loss; leave it out/],
  ["std.json", () => spec(conv, { normalize: { mean: [0], std: [0] } }), /^std\.json: .*std must be/],
  ["empty.safetensors", () => "", /^empty\.safetensors: it has 0 bytes, fewer than the 8/],
  [
    "text.safetensors",
    () => "this is a text, not a model",
    /^text\.safetensors: .* not a safetensors file\.$/,
  ],
  ["cut.safetensors", (sound) => sound.subarray(0, -1), /^cut\.safetensors: its tensor .* ends at byte/],
  ["long.safetensors", (sound) => Buffer.concat([sound, Buffer.alloc(4)]), /belong to no tensor/],
  [
    "huge.safetensors",
    (sound) => Buffer.concat([Buffer.alloc(7), Buffer.from([16]), sound]),
    /header of 1152921504606846976 bytes/,
  ],
  ["nospec.safetensors", (sound) => swap(sound, "unravel.spec", "another.spec"), /carries no model spec/],
  ["name.safetensors", (sound) => swap(sound, "fc1.bias", "fc9.bias"), /^name\.safetensors: .*fc[19]\.bias/],
  [
    "nan.safetensors",
    (sound) => Buffer.concat([sound.subarray(0, -4), Buffer.from([0, 0, 192, 127])]),
    /NaN/,
  ],
];

/** The bytes with a text replaced by one as long. */
function swap(bytes: Buffer, from: string, to: string): Buffer {
  expect(bytes.includes(from) && from.length === to.length).toBe(true);
  return Buffer.from(bytes.toString("latin1").replaceAll(from, to), "latin1");
}

describe("models", () => {
  let sound: Buffer;
  beforeAll(async () => {
    const out = scratch("sound.safetensors");
    await succeed(["train", ...data(), "--quiet", "--filters", "2", "--out", out]);
    sound = await readFile(out);
  });

  test.concurrent.each(damagedModels)("%s", async (name, bytes, message) => {
    await writeFile(scratch(name), bytes(sound));

    expectRefusal(await unravel(["summary", name], { cwd: scratch() }), 2, message);
  });

  test("each command says it", async () => {
    await writeFile(scratch("other.safetensors"), "not a model");
    const { cwd } = { cwd: scratch() };
    for (const args of [
      ["train", ...data(), "--model", "other.safetensors"],
      ["evaluate", "other.safetensors", ...data()],
    ]) {
      expectRefusal(await unravel(args, { cwd }), 2, /^other\.safetensors: .* not a safetensors file/);
    }
  });

  test.concurrent.each([
    [["summary", "missing.json"], /^missing\.json: there is no such file or folder\.$/],
    [["evaluate", "missing.safetensors", "--data", "shapes"], /^missing\.safetensors: there is no such file/],
    [
      ["summary", "shapes"],
      /^There is no built-in model "shapes"; .* a file that ends in \.json or \.safetensors\.$/,
    ],
    [["summary", "folder.safetensors"], /^folder\.safetensors: it is a folder, not a file\.$/],
    [
      ["evaluate", "sound.safetensors", "--filters", "3", "--data", "shapes"],
      /^--filters goes with the built-in model/,
    ],
    [
      ["train", "--model", "sound.safetensors", "--init", "he", "--data", "shapes"],
      /^--init goes with fresh weights/,
    ],
    [["evaluate", "small.json", "--data", "shapes"], /shapes has a label 9, but the model has 3 classes/],
  ] as const)("%s", async (args, message) => {
    await mkdir(scratch("folder.safetensors"), { recursive: true });
    const layers = [{ type: "flatten" }, { type: "dense", units: 3 }];
    await writeFile(scratch("small.json"), JSON.stringify({ input: [1, 12, 12], layers }));

    expectRefusal(await unravel(args, { cwd: scratch() }), 2, message);
  });
});

const testOnLinux = testIfPresent(
  process.platform === "linux",
  "this is not Linux, with its /dev/full and ulimit",
);

testOnLinux("memory that is not there is said to be missing", async () => {
  const layers = [{ type: "maxPool2d", size: 12 }, { type: "flatten" }, { type: "dense", units: 10 }];
  const first = { type: "conv2d", filters: 1_000_000, kernel: 1 }; // its output for one image takes 576 MB
  await writeFile(scratch("huge.json"), JSON.stringify({ input: [1, 12, 12], layers: [first, ...layers] }));
  // However much memory there is, the process may have 16 GB of addresses.
  const limited = ["-c", 'ulimit -v 16000000; exec "$0" "$@"', process.execPath, UNRAVEL];
  const command = [...limited, "train", ...data(), "--engine", "reference", "--model", scratch("huge.json")];
  const result = await ended(
    startProcess("sh", command, { env: cleanEnv(), stdio: ["ignore", "pipe", "pipe"] }),
  );

  expectRefusal(result, 1, /^There is not enough memory for this network and batch size; make one/);
});

describe("a full disk", () => {
  testOnLinux("as --out is found before the work", async () => {
    const out = scratch("full.safetensors");
    await symlink("/dev/full", out);
    const result = await unravel(["train", ...data(), "--out", out]);

    expectRefusal(result, 2, /full\.safetensors is a device, not a file; give the name of a file\.$/);
    expect(result.stderr).not.toContain("Training");
    expect((await lstat("/dev/full")).isCharacterDevice()).toBe(true);
  });

  for (const args of [["summary"], ["--help"], ["evaluate", "one-conv", "--json"], ["train"]]) {
    testOnLinux(`unravel ${args.join(" ")} > /dev/full`, async () => {
      const full = await open("/dev/full", "w");
      try {
        const all = /train|evaluate/.test(args[0]) ? [...args, ...data()] : args;
        const result = await ended(start(all, { stdout: full.fd }));
        expectRefusal(result, 1, /^the output could not be written: no space is left on the disk\.$/);
      } finally {
        await full.close();
      }
    });
  }
});
