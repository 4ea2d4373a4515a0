import { execFile } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { few, LONG } from "./support/long.js";

/*
 * The package as others get it: packed, installed into an empty project outside this repository, and used there from
 * JavaScript, from TypeScript and in a bundle for browsers. It packs what was built: `npm test` builds first.
 */

const root = join(import.meta.dirname, "..");
const core = join(root, "packages", "core");

let app: string;
let packed: string[];
let sizes: { packed: number; unpacked: number };

beforeAll(async () => {
  app = mkdtempSync(join(tmpdir(), "unravel-pack-"));
  const [{ filename, files, size, unpackedSize }] = JSON.parse(
    await npm(core, "pack", "--json", "--ignore-scripts"),
  );
  sizes = { packed: size, unpacked: unpackedSize };
  packed = files.map(({ path }: { path: string }) => path);
  add("package.json", JSON.stringify({ name: "app", private: true, type: "module" }));
  if (LONG) {
    await npm(app, "install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", `./${filename}`);
  } else {
    // what npm does with a package without dependencies, in a tenth of the time
    const installed = join(app, "node_modules", "unravel-cnn");
    mkdirSync(installed, { recursive: true });
    await run("tar", ["-xzf", join(app, filename), "-C", installed, "--strip-components=1"]);
  }
}, 120_000);

afterAll(() => rmSync(app, { recursive: true, force: true }));

/** Runs npm as if from a terminal: not as a part of the npm that runs this test. */
async function npm(cwd: string, ...words: string[]): Promise<string> {
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const env = { ...Object.fromEntries(own), npm_config_pack_destination: app };
  return (await run("npm", words, { cwd, env, shell: process.platform === "win32" })).stdout;
}

/** Runs a program in the empty project; what it says when it fails becomes the error. */
async function run(program: string, words: string[], options: object = {}) {
  try {
    return await promisify(execFile)(program, words, { cwd: app, encoding: "utf8", ...options });
  } catch (error) {
    const { message, stdout } = error as Error & { stdout: string };
    throw new Error(`${message}\n${stdout}`);
  }
}

const node = async (file: string) => (await run(process.execPath, [file])).stdout;

function add(name: string, content: string): void {
  writeFileSync(join(app, name), content);
}

describe("what is packed", () => {
  test("code, types, README and licence; no maps, no tests and no data", () => {
    expect(packed).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE"]));
    const others =
      /^(package\.json|README\.md|LICENSE|bundle\/.+\.c?js|dist\/.+\.(js|d\.ts)|recipes\/(models\/)?[\w-]+\.json|commonjs\/(.+\.d\.ts|\w+\.js|package\.json))$/;
    expect(packed.filter((path) => !others.test(path))).toEqual([]);
  });

  test("of every source file, its code and its types", () => {
    const sources = readdirSync(join(core, "src"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => path.replaceAll("\\", "/").slice(0, -".ts".length));
    expect(sources.length).toBeGreaterThan(30);
    const wanted = sources.flatMap((path) => [
      `dist/${path}.js`,
      `dist/${path}.d.ts`,
      `commonjs/${path}.d.ts`,
    ]);
    expect(packed).toEqual(expect.arrayContaining(wanted));
  });

  // with maps and sources it was 1.5 MB and 6.2 MB, when there were half as many layers
  test("below 1.2 MB, and 4.5 MB unpacked", () => {
    expect(sizes.packed).toBeLessThan(1.2e6);
    expect(sizes.unpacked).toBeLessThan(4.5e6);
  });

  test("what is packed is built before: npm pack in a fresh clone has code in it", () => {
    const scripts = (folder: string) =>
      JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).scripts;
    for (const name of ["core", "files", "cli"]) {
      // words that no shell has to understand
      expect(scripts(join(root, "packages", name)).prepack).toBe("node ../../scripts/prepack.mjs");
    }
    expect(existsSync(join(root, "scripts", "prepack.mjs"))).toBe(true);
  });

  test("the same licence as the repository's, and no dependency", () => {
    const installed = join(app, "node_modules", "unravel-cnn");
    expect(readFileSync(join(installed, "LICENSE"), "utf8")).toBe(
      readFileSync(join(root, "LICENSE"), "utf8"),
    );
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(installed, "package.json"), "utf8"),
    );
    expect([dependencies, peerDependencies]).toEqual([undefined, undefined]);
  });
});

/** Trains a small network for one step and prints what comes of it: the same everywhere. */
const training = `
import { createEngine, fit, oneConv } from "unravel-cnn";

const labels = Uint8Array.from({ length: 12 }, (_, n) => n % 3);
const images = Uint8Array.from({ length: 12 * 64 }, (_, k) => (k * k * 7) % 256);
const data = { name: "noise", shape: [1, 8, 8] as const, images, labels, classes: ["a", "b", "c"] };
export const engine = await createEngine(oneConv({ filters: 2, input: [1, 8, 8], classes: data.classes }), {
  threads: 0, // the bundle for browsers has its worker where Node doesn't look
});
const { epochs } = await fit(engine, data, { epochs: 1, batchSize: 12 });
const { "fc1.weight": weight } = engine.parameters();
console.log(epochs[0].loss, weight.data.join(" "));
`;

/** The same with a file in between. */
const saving = `${training}
import { readModel, writeModel } from "unravel-cnn/node";

await writeModel("model.safetensors", { model: engine.model, parameters: engine.parameters() });
const saved = await readModel("model.safetensors");
console.log(saved.model.classes.join(), saved.parameters["fc1.weight"].data.every((value, k) => value === weight.data[k]));
`;

/** From CommonJS. */
const common = `
import { createEngine, type Model, oneConv } from "unravel-cnn";
import { type LoadedData, loadData } from "unravel-cnn/node";
import training = require("unravel-cnn/training");

const model: Model = training.defineModel(oneConv());
const data: Promise<LoadedData> = loadData("digits", { drawCount: 1 });
console.log(model.classes, data, createEngine(model.spec));
`;

/** What the types must refuse; a line that they let pass is an error. */
const mistakes = `
import { conv2d, createEngine, type Dataset, dense, type Engine, fit, type Model, oneConv, predict } from "unravel-cnn";

declare const engine: Engine, data: Dataset;

// @ts-expect-error: an option that there isn't
conv2d({ filters: 1, kernel: 3, size: 2 });
// @ts-expect-error: a text for a number
dense({ units: "10" });
// @ts-expect-error: an image has three sizes
oneConv({ input: [28, 28] });
// @ts-expect-error: numbers for bytes
predict(engine, new Float32Array(784));
// @ts-expect-error: an option that has a typo
fit(engine, data, { epoch: 1 });
// @ts-expect-error: an optimizer that there isn't
fit(engine, data, { optimizer: "adm" });
fit(engine, data, { optimizer: "sgd", seed: undefined });
// @ts-expect-error: it comes later
const model: Model = createEngine(oneConv()).model;
console.log(model);
`;

/** Workers that others start or lend, with the types of browsers and with those of Node. */
const lending = (start: string, send: string) => `
import { borrowWorkers, createEngine, lendWorkers, oneConv } from "unravel-cnn";

const { port, end } = lendWorkers(() => ${start});
${send};
export const engine = await createEngine(oneConv(), { startWorker: () => ${start} });
export const other = await createEngine(oneConv(), { startWorker: borrowWorkers(port) });
// @ts-expect-error: not a worker
lendWorkers(() => new URL("engine-worker.js"));
await end();
`;

const readme = () => {
  const page = readFileSync(join(app, "node_modules", "unravel-cnn", "README.md"), "utf8");
  return page.match(/^```ts\n(.*?)^```$/ms)?.[1] ?? "";
};

const javascript = (code: string) => ts.transpile(code, { target: 99, module: 99 });

describe("used from JavaScript", () => {
  test("trains one step, writes and reads a file", async () => {
    add("saving.js", javascript(saving));
    expect(await node("saving.js")).toMatch(/^\d\.\d+ (-?\d\S+ ?){54}\na,b,c true\n$/);
  });

  test("README's example runs, and prints what it says", async () => {
    add("readme.js", javascript(readme()));
    const promised = [...readme().matchAll(/^console\.log.* \/\/ (.+)$/gm)].map(([, comment]) => comment);
    expect(promised).toHaveLength(2);
    expect((await node("readme.js")).trim().split("\n")).toEqual(promised);
  });

  test("can be required from CommonJS", async () => {
    const all = ["unravel-cnn", "unravel-cnn/training", "unravel-cnn/node"].map(
      (name) => `require("${name}")`,
    );
    add(
      "common.cjs",
      `const [all, training, node] = [${all}];
      console.log(all.oneConv().layers.length, all.fit === training.fit, typeof node.loadData);`,
    );
    expect(await node("common.cjs")).toBe("5 true function\n");
  });

  test("has no other ways in", async () => {
    add("deep.js", 'await import("unravel-cnn/dist/index.js").catch(({ code }) => console.log(code));');
    expect(await node("deep.js")).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED\n");
  });
});

describe("used from TypeScript", () => {
  /** What TypeScript and Node bring, read once: most of a program's files. */
  const others = new Map<string, ts.SourceFile | undefined>();

  /** Type-checks these files, and the package's own types with them. */
  function check(files: string[], options: object): void {
    const strict = {
      noEmit: true,
      strict: true,
      target: "es2022",
      skipLibCheck: false,
      skipDefaultLibCheck: true,
    };
    const { options: all, errors } = ts.convertCompilerOptionsFromJson({ ...strict, ...options }, app);
    const host = ts.createCompilerHost(all);
    const { getSourceFile } = host;
    const isOther = (path: string) => path.includes("/node_modules/") && !path.includes("/unravel-cnn/");
    host.getCurrentDirectory = () => app;
    host.getSourceFile = (path, settings, ...rest) => {
      const format = typeof settings === "object" ? settings.impliedNodeFormat : undefined;
      const key = `${path} ${format}`;
      if (others.has(key)) return others.get(key);
      const source = getSourceFile(path, settings, ...rest);
      if (isOther(path)) others.set(key, source);
      return source;
    };
    const program = ts.createProgram(
      files.map((name) => join(app, name)),
      all,
      host,
    );
    const own = program.getSourceFiles().filter(({ fileName }) => !isOther(fileName));
    expect(own.length).toBeGreaterThan(20);
    const found = [
      ...errors,
      ...program.getOptionsDiagnostics(),
      ...program.getGlobalDiagnostics(),
      ...own.flatMap((file) => [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
      ]),
    ];
    expect(ts.formatDiagnostics(found, host)).toBe("");
  }

  test("each way in has types, of ES modules and of CommonJS", () => {
    const settings = { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16 };
    const kinds = { esm: ts.ModuleKind.ESNext, commonjs: ts.ModuleKind.CommonJS } as const;
    for (const name of ["unravel-cnn", "unravel-cnn/node", "unravel-cnn/training"]) {
      for (const kind of Object.values(kinds)) {
        const from = join(app, "from.ts");
        const { resolvedModule } = ts.resolveModuleName(
          name,
          from,
          settings,
          ts.sys,
          undefined,
          undefined,
          kind,
        );
        const file = resolvedModule?.resolvedFileName ?? "";
        expect(file, name).toMatch(/\.d\.ts$/);
        expect(ts.getImpliedNodeFormatForFile(file, undefined, ts.sys, settings), file).toBe(kind);
      }
    }
  });

  // it takes seven seconds to read Node's types, and these twice
  test.each(few([], ["node16", "nodenext"]))(
    "in Node (module resolution %s), with Node's types, as ES modules and with require",
    (module) => {
      add("common.cts", common);
      add("saving.ts", saving);
      add("mistakes.ts", mistakes);
      const start = 'new Worker(new URL(import.meta.resolve("unravel-cnn/worker")))';
      const send = 'new Worker("training.js", { workerData: port, transferList: [port] })';
      add("lending.ts", `import { Worker } from "node:worker_threads";${lending(start, send)}`);
      check(["common.cts", "saving.ts", "mistakes.ts", "lending.ts"], {
        module,
        lib: ["es2022"],
        types: ["node"],
        typeRoots: [join(root, "node_modules", "@types")],
      });
    },
  );

  test("for browsers (module resolution bundler), without Node's types", () => {
    add("training.ts", training);
    add("readme.ts", readme());
    add("mistakes.ts", mistakes);
    const start = 'new Worker("engine-worker.js", { type: "module" })';
    add("lending.ts", lending(start, 'new Worker("training.js").postMessage({ port }, [port])'));
    const bundler = { module: "esnext", moduleResolution: "bundler" };
    check(["training.ts", "readme.ts", "mistakes.ts", "lending.ts"], {
      ...bundler,
      lib: ["es2022", "dom"],
      types: [],
    });
  });
});

// test/browser.test.ts trains with such a bundle in a browser
if (LONG) {
  test("bundled for browsers by Vite, minified, it needs nothing of Node, and gives the same numbers", async () => {
    const { build } = await import("vite");
    add("entry.ts", training);
    await build({
      root: app,
      configFile: false,
      logLevel: "error",
      build: {
        target: "es2022",
        minify: true,
        modulePreload: false,
        rolldownOptions: { input: join(app, "entry.ts"), output: { entryFileNames: "bundle.mjs" } },
      },
    });
    const bundle = readFileSync(join(app, "dist", "bundle.mjs"), "utf8");
    // Node's modules are named in it, but asked for at run time only, where there is a Node
    // (messages speak of "from", the key of a spec)
    expect(bundle).not.toMatch(/\bimport\b[^.]|[^"]\bfrom ?["'`]|\brequire\(|__vite-browser-external/);
    expect(bundle.split("\n").length).toBeLessThan(20);

    add("training.js", javascript(training));
    expect(await node(join("dist", "bundle.mjs"))).toBe(await node("training.js"));
  });
}
