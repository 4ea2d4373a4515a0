// What has to be there before anything is measured: packages, a Python, images, weights.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { builtIn, defineModel, initialParameters } from "unravel-cnn";
import { locateDataset, writeModel } from "unravel-cnn/node";

const run = promisify(execFile);
const folder = fileURLToPath(new URL("..", import.meta.url));
const isInstalled = (name) => existsSync(join(folder, "node_modules", name, "package.json"));

/** Installs what is missing. @returns a function that says why a package is not there, or undefined */
export async function installPackages(systems, { install, say }) {
  const missing = systems.map(({ needs }) => needs?.package).filter((name) => name && !isInstalled(name));
  let failure = "not installed";
  if (missing.length > 0 && install) {
    say(`Installing ${missing.join(", ")} into ${join(folder, "node_modules")} ...`);
    try {
      // npm is a script on Windows; their own install scripts download what is not needed here
      const options = { cwd: folder, shell: process.platform === "win32", maxBuffer: 1e8 };
      await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], options);
      failure = "npm could not install it";
    } catch (error) {
      failure = `npm could not install it (${lastLine(error.stderr || error.message)})`;
    }
  }
  return (name) => (isInstalled(name) ? undefined : failure);
}

function lastLine(text) {
  const lines = text.split("\n").filter((line) => /npm error (?!A complete log|\s*$)/.test(line));
  return (lines[0] ?? text.split("\n")[0]).replace("npm error ", "").slice(0, 120);
}

/** The first Python that has a module, if there is one. */
export async function findPython(module, named) {
  for (const candidate of named ? [named] : ["python3", "/usr/bin/python3", "python"]) {
    try {
      await run(candidate, ["-c", `import ${module}`]);
      return candidate;
    } catch {
      // not there, or without the module
    }
  }
  return undefined;
}

/** The folder that holds mnist/: MNIST if it is on this machine, else made-up images in `temporary`. */
export async function provideImages(temporary) {
  const found = await locateDataset("mnist");
  if (found !== undefined) return { folder: dirname(found), data: "MNIST's images" };
  await mkdir(join(temporary, "mnist"));
  for (const [part, count] of [
    ["train", 60_000],
    ["t10k", 16],
  ]) {
    const { images, labels } = madeUp(count);
    await writeFile(join(temporary, "mnist", `${part}-images-idx3-ubyte`), images);
    await writeFile(join(temporary, "mnist", `${part}-labels-idx1-ubyte`), labels);
  }
  return { folder: temporary, data: "Made-up images (UNRAVEL_DATA names no folder with MNIST)" };
}

/** IDX files of ten patterns under noise, which a network learns. */
function madeUp(count) {
  let state = 1;
  const random = (below) => {
    state ^= state << 13; // xorshift
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const patterns = Uint8Array.from({ length: 7840 }, () => random(200));
  const images = Buffer.alloc(16 + count * 784);
  const labels = Buffer.alloc(8 + count);
  for (const [k, value] of [0x803, count, 28, 28].entries()) images.writeUInt32BE(value, 4 * k);
  for (const [k, value] of [0x801, count].entries()) labels.writeUInt32BE(value, 4 * k);
  for (let n = 0; n < count; n++) {
    labels[8 + n] = random(10);
    const pattern = labels[8 + n] * 784;
    for (let k = 0; k < 784; k++) images[16 + n * 784 + k] = patterns[pattern + k] + random(56);
  }
  return { images, labels };
}

/** Writes the fresh weights that every system starts from, for those that can't make them. @returns the file's path */
export async function writeWeights({ model, filters }, temporary) {
  const defined = defineModel(builtIn(model, { ...(filters && { filters }) }));
  const path = join(temporary, `${model}-${filters ?? 0}.safetensors`);
  await writeModel(path, { model: defined, parameters: initialParameters(defined, 0) });
  return path;
}
