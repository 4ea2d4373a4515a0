import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltInName, builtIn, builtInModels, defineModel } from "../packages/core/src/index.js";

/** The contents of a page's blocks of code in `language`. */
function codeBlocks(page: string, language: string): string[] {
  const text = readFileSync(join(import.meta.dirname, "..", page), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code);
}

// Inside the repository, so that `unravel-cnn` resolves to the built package.
let folder: string;
beforeAll(() => {
  mkdirSync(join(import.meta.dirname, "..", "node_modules", ".tmp"), { recursive: true });
  folder = mkdtempSync(join(import.meta.dirname, "..", "node_modules", ".tmp", "docs-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Four IDX files with a few images of noise, where the README expects MNIST. */
function writeTinyMnist(): string {
  const data = join(folder, "data");
  mkdirSync(join(data, "mnist"), { recursive: true });
  for (const part of ["train", "t10k"]) {
    const count = 64;
    const images = Buffer.alloc(16 + count * 784, 0);
    const labels = Buffer.alloc(8 + count, 0);
    for (const [k, value] of [0x803, count, 28, 28].entries()) images.writeUInt32BE(value, 4 * k);
    for (const [k, value] of [0x801, count].entries()) labels.writeUInt32BE(value, 4 * k);
    for (let n = 0; n < count; n++) labels[8 + n] = n % 10;
    for (let k = 16; k < images.length; k++) images[k] = (k * k) % 251;
    writeFileSync(join(data, "mnist", `${part}-images-idx3-ubyte`), images);
    writeFileSync(join(data, "mnist", `${part}-labels-idx1-ubyte`), labels);
  }
  return data;
}

describe("README", () => {
  const blocks = codeBlocks("README.md", "ts");

  test("has the two examples of the library", () => {
    expect(blocks).toHaveLength(2);
  });

  test.each(blocks.map((code, k) => [k + 1, code]))("example %i runs as it stands", async (k, code) => {
    const file = join(folder, `example${k}.mjs`);
    writeFileSync(file, code as string);
    const env = { ...process.env, UNRAVEL_DATA: writeTinyMnist() };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder, env });
    expect(stderr).toBe("");
    expect(stdout).not.toBe("");
  });
});

describe("specs in the docs", () => {
  const specs = ["README.md", "docs/models.md"].flatMap((page) =>
    codeBlocks(page, "json").map((json) => [page, json]),
  );

  test.each(specs)("%s: one-conv with every option written out or left out", (_page, json) => {
    const model = defineModel(JSON.parse(json));
    expect(model.parameterCount).toBe(13_610);
  });
});

test("docs/models.md: the table of built-in networks says what the networks are", () => {
  const page = readFileSync(join(import.meta.dirname, "..", "docs", "models.md"), "utf8");
  for (const name of Object.keys(builtInModels) as BuiltInName[]) {
    const cells =
      page
        .split("\n")
        .find((line) => line.startsWith(`| \`${name}\``))
        ?.split("|") ?? [];
    const { parameterCount, multiplyAdds } = defineModel(builtIn(name));
    expect(cells.slice(3, 5).map((cell) => cell.trim())).toEqual(
      [parameterCount, multiplyAdds.forward].map((value) => value.toLocaleString("en-US")),
    );
  }
});
