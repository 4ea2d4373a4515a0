import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import { type BuiltInName, builtIn, builtInModels, defineModel } from "../packages/core/src/index.js";
import { blocksOf, folderInside, runAsOne, textOf } from "./support/blocks.js";

const blocksIn = (page: string, language: string) =>
  blocksOf(page).filter((block) => block.language === language);

/** Four IDX files with a few images of noise, where the README expects MNIST. */
function writeTinyMnist(folder: string): string {
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
  const blocks = blocksIn("README.md", "ts");

  test("has the two examples of the library", () => {
    expect(blocks).toHaveLength(2);
  });

  test.each(blocks.map(({ code }, k) => [k + 1, code]))("example %i runs as it stands", async (_k, code) => {
    const folder = folderInside();
    const file = join(folder, "example.mjs");
    writeFileSync(file, code as string);
    const env = { ...process.env, UNRAVEL_DATA: writeTinyMnist(folder) };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder, env });
    expect(stderr).toBe("");
    expect(stdout).not.toBe("");
  });
});

test("docs/images.md: its program goes from a folder to a saved model", async () => {
  const [{ code }] = blocksIn("docs/images.md", "ts");
  expect(code.trim().split("\n").length).toBeLessThanOrEqual(20);
  const folder = folderInside();
  for (const name of ["light", "dark"]) {
    mkdirSync(join(folder, "my-photos", name), { recursive: true });
    for (let k = 0; k < 10; k++) {
      const data = Uint8Array.from(
        { length: 400 },
        (_, at) => (name === "dark" ? 20 : 200) + ((at * (k + 3)) % 50),
      );
      writeFileSync(
        join(folder, "my-photos", name, `${k}.png`),
        encode({ width: 20, height: 20, channels: 1, data }),
      );
    }
  }
  writeFileSync(join(folder, "example.mjs"), code);
  const env = { ...process.env, XDG_CACHE_HOME: join(folder, "cache"), LOCALAPPDATA: join(folder, "cache") };
  const { stdout } = await promisify(execFile)(process.execPath, ["example.mjs"], { cwd: folder, env });
  expect(stdout).toMatch(/^\d(\.\d+)?\n(light|dark)\/\d\.png (light|dark) 0?\.?\d+\n$/);
  expect(existsSync(join(folder, "photos.safetensors"))).toBe(true);
});

test("docs/numbers.md: its code is one program, and prints what it shows", async () => {
  const blocks = blocksIn("docs/numbers.md", "ts");
  expect(blocks.length).toBeGreaterThan(5);
  const { printed, stderr } = await runAsOne(blocks);
  expect(stderr).toBe("");
  for (const [k, { code, shown }] of blocks.entries()) {
    expect(shown, code).not.toBe("");
    expect(printed[k], code).toBe(shown);
  }
});

describe("every link to a file of the repository leads to one", () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const inDocs = readdirSync(join(root, "docs"), { recursive: true }).map((name) =>
    join("docs", String(name)),
  );
  const pages = ["README.md", "CONTRIBUTING.md", ...inDocs.filter((name) => name.endsWith(".md"))];

  test.each(pages)("%s", (page) => {
    const text = readFileSync(join(root, page), "utf8");
    const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, link]) => link);
    const files = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(files.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  test("there are links", () => {
    const all = pages.map((page) => readFileSync(join(root, page), "utf8")).join("\n");
    expect(all.match(/\]\(\.\.\/packages\//g)?.length).toBeGreaterThan(5);
  });
});

describe("specs in the docs", () => {
  const specs = ["README.md", "docs/models.md"].flatMap((page) =>
    blocksIn(page, "json").map(({ code }) => [page, code]),
  );

  test.each(specs)(
    "%s: one-conv with every option written out or left out, or a residual network",
    (_, json) => {
      const model = defineModel(JSON.parse(json));
      expect(model.parameterCount).toBe(json.includes('"add"') ? 5_178 : 13_610);
    },
  );
});

test("docs/models.md: the table of built-in networks says what the networks are", () => {
  const page = textOf("docs/models.md");
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
