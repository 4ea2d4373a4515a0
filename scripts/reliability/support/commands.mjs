/*
 * The commands that write files, each with what it writes and how one knows that it is whole.
 *
 *   name     for the table
 *   args     of the command line, in `folder`
 *   outputs  by path in `folder`: what throws where the bytes aren't whole
 *   env      beside the clean one
 *   prepare  before each run
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  builtIn,
  defineModel,
  formatModel,
  initialParameters,
  parseModel,
  parseNpz,
  parseTraceJson,
} from "unravel-cnn";
import { decodePicture } from "../../../packages/files/dist/node/index.js";

const endsWith = (ending) => (bytes) => {
  if (!new TextDecoder().decode(bytes).trimEnd().endsWith(ending))
    throw new Error(`it doesn't end with ${ending}`);
};
const page = endsWith("</html>");
const drawing = endsWith("</svg>");
const model = (bytes) => parseModel(bytes, "it");
const arrays = (bytes) => parseNpz(bytes, "it");
const json = (bytes) => parseTraceJson(new TextDecoder().decode(bytes), "it");

/** By their ending, for files that nobody knew of: what was kept of a training that was interrupted, say. */
export const byEnding = {
  ".safetensors": model,
  ".npz": arrays,
  ".html": page,
  ".svg": drawing,
  ".png": decodePicture,
  ".json": json,
};

/** @param mnist the folder with the four published files, where this machine has them */
export async function commandsIn(folder, mnist) {
  writeInputs(folder);
  const data = ["--data", "shapes"];
  return [
    {
      name: "`train --out`",
      args: ["train", ...data, "--filters", "64", "--out", "trained.safetensors"],
      outputs: { "trained.safetensors": model },
    },
    {
      name: "`train --engine reference --out`",
      args: [
        "train",
        ...data,
        "--limit",
        "300",
        "--epochs",
        "1",
        "--engine",
        "reference",
        "--out",
        "slow.safetensors",
      ],
      outputs: { "slow.safetensors": model },
    },
    {
      name: "`explain --out --trace`",
      args: [
        "explain",
        "given.safetensors",
        ...data,
        "--index",
        "3",
        "--out",
        "report.html",
        "--trace",
        "trace.npz",
      ],
      outputs: { "report.html": page, "trace.npz": arrays },
    },
    {
      name: "`explain --trace` as JSON",
      args: ["explain", "given.safetensors", ...data, "--index", "3", "--trace", "trace.json"],
      outputs: { "trace.json": json },
    },
    {
      name: "`evaluate --report --mistakes`",
      args: ["evaluate", "given.safetensors", ...data, "--report", "good.html", "--mistakes", "wrong.png"],
      outputs: { "good.html": page, "wrong.png": decodePicture },
    },
    {
      name: "`check --example`",
      args: ["check", "--example", "example.npz"],
      outputs: { "example.npz": arrays },
    },
    {
      name: "`scaling --out`",
      args: ["scaling", "--filters", "1,2", "--images", "500", "--seconds", "0.05", "--out", "times.svg"],
      outputs: { "times.svg": drawing },
    },
    {
      name: "`data sheet --out`",
      args: ["data", "sheet", "shapes", "--out", "sheet.png"],
      outputs: { "sheet.png": decodePicture },
    },
    ...(mnist === undefined ? [] : [await fetching(folder, mnist)]),
  ];
}

/** A data set of noise, and an untrained model. */
export function writeInputs(folder) {
  mkdirSync(join(folder, "shapes"));
  for (const [part, count] of [
    ["train", 3000],
    ["t10k", 300],
  ]) {
    const write = (name, dimensions) => {
      const header = Buffer.alloc(4 + 4 * dimensions.length);
      header.writeUInt32BE(0x0800 + dimensions.length);
      for (const [k, size] of dimensions.entries()) header.writeUInt32BE(size, 4 + 4 * k);
      const length = dimensions.reduce((a, b) => a * b);
      const values = Buffer.from(Array.from({ length }, (_, k) => (k * 7 + (k >> 5)) % 10));
      writeFileSync(join(folder, "shapes", `${part}-${name}`), Buffer.concat([header, values]));
    };
    write("images-idx3-ubyte", [count, 28, 28]);
    write("labels-idx1-ubyte", [count]);
  }
  const given = defineModel(builtIn("one-conv"));
  const parameters = initialParameters(given, 1);
  writeFileSync(join(folder, "given.safetensors"), formatModel({ model: given, parameters }));
}

/** The published files, from a server of our own that takes half a second for the large one. */
async function fetching(folder, mnist) {
  const names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"].map(
    (name) => `${name}-ubyte.gz`,
  );
  const files = new Map(names.map((name) => [`/mnist/${name}`, readFileSync(join(mnist, name))]));
  const server = createServer(async (request, response) => {
    const bytes = files.get(request.url);
    response.writeHead(bytes ? 200 : 404, bytes && { "content-length": bytes.length });
    response.on("error", () => {});
    for (let at = 0; bytes && at < bytes.length && !response.destroyed; at += 2 ** 18) {
      response.write(bytes.subarray(at, at + 2 ** 18));
      await pause(10);
    }
    response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const home = join("cache", "unravel", "mnist");
  const checksum = (bytes) => createHash("sha256").update(bytes).digest("hex");
  const same = (name) => (bytes) => {
    if (checksum(bytes) !== checksum(files.get(`/mnist/${name}`))) throw new Error("its checksum is wrong");
  };
  return {
    name: "`data fetch`",
    args: ["data", "fetch", "mnist"],
    outputs: Object.fromEntries(names.map((name) => [join(home, name), same(name)])),
    env: { UNRAVEL_MIRROR: `http://127.0.0.1:${server.address().port}` },
    prepare: () => {
      for (const name of names) rmSync(join(folder, home, name), { force: true });
    },
  };
}
