import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import wabt from "wabt";
import { few } from "../../../../test/support/long.js";
import { compilePlan } from "../../src/compiler/compile.js";
import { planModel } from "../../src/compiler/plan.js";
import { kernelsOf } from "../../src/compiler/stages.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { assembleModule, FunctionAssembler } from "../../src/wasm/assembler.js";
import { ByteWriter } from "../../src/wasm/bytes.js";
import { type Opcode, opcodes } from "../../src/wasm/opcodes.js";
import { engineNetworks } from "../support/engineNetworks.js";
import { cases } from "../support/properties.js";

/*
 * The assembler's bytes against WABT, which reads them, checks their types and says in text what they mean.
 */

const features = { simd: true, threads: true, relaxed_simd: true };

let toolkit: Awaited<ReturnType<typeof wabt>>;
beforeAll(async () => {
  toolkit = await wabt();
});

/** The module as text, after WABT has validated it. */
function disassemble(bytes: Uint8Array): string {
  const module = toolkit.readWasm(bytes, features);
  try {
    module.applyNames();
    // its types leave out the features, which it takes and needs
    (module.validate as (options: typeof features) => void).call(module, features);
    return module.toText({ foldExprs: false, inlineExport: true });
  } finally {
    module.destroy();
  }
}

/** Where the specification has two names. */
const NAMES: Partial<Record<Opcode, string>> = { "v128.const": "v128.const i32x4" };

/** Each opcode with whatever it needs before and after it, so that the function is valid. */
function use(fn: FunctionAssembler, opcode: Opcode): void {
  const vector = () => fn.v128(new Uint8Array(16));
  const drop = (type: "i32" | "v128") => fn.op("local.set", fn.local(type));
  const simple = opcode as string;
  if (opcode === "end") return;
  if (opcode === "block" || opcode === "loop" || opcode === "br_if") {
    fn.open(opcode === "block" ? "block" : "loop");
    if (opcode === "br_if") {
      fn.i32(0);
      fn.op(opcode, 0);
    }
    fn.op("end");
  } else if (opcode === "local.get") {
    fn.op("local.get", 0);
    drop("i32");
  } else if (opcode === "local.set" || opcode === "local.tee") {
    fn.i32(1);
    fn.op(opcode, 0);
    if (opcode === "local.tee") drop("i32");
  } else if (opcode === "i32.const") {
    fn.i32(-7);
    drop("i32");
  } else if (simple === "i32.load") {
    fn.i32(0);
    fn.op(opcode, 2, 0);
    drop("i32");
  } else if (simple.startsWith("i32.")) {
    fn.i32(1);
    fn.i32(2);
    fn.op(opcode);
    drop("i32");
  } else if (opcode === "v128.const") {
    vector();
    drop("v128");
  } else if (opcode === "v128.load" || /splat/.test(opcode)) {
    fn.i32(0);
    if (opcode === "i32x4.splat") fn.op(opcode);
    else fn.op(opcode, 2, 16);
    drop("v128");
  } else if (opcode === "v128.store") {
    fn.i32(0);
    vector();
    fn.op(opcode, 2, 16);
  } else if (opcode === "v128.load8_lane" || opcode === "v128.store32_lane") {
    fn.i32(0);
    vector();
    fn.op(opcode, opcode === "v128.load8_lane" ? 0 : 2, 16, 3);
    if (opcode === "v128.load8_lane") drop("v128");
  } else {
    vector();
    if (!/sqrt|nearest|trunc|convert|shl|shr/.test(opcode)) vector();
    if (/bitselect|madd/.test(opcode)) vector();
    if (/shl|shr/.test(opcode)) fn.i32(3);
    if (opcode === "i8x16.shuffle") fn.op(opcode, ...Array.from({ length: 16 }, (_, k) => 31 - k));
    else fn.op(opcode);
    drop("v128");
  }
}

/** Those that stand as words of their own in a text. */
const instructions = (Object.keys(opcodes) as Opcode[]).filter((opcode) => opcode !== "end");

test.each(instructions)("%s is what WABT calls so, and valid", (opcode) => {
  const fn = new FunctionAssembler("f", 1);
  use(fn, opcode);
  const callee = new FunctionAssembler("callee", 0);
  const bytes = assembleModule({ pages: 1, maximum: 1, shared: false }, [callee, fn]);
  const text = disassemble(bytes);
  expect(text).toMatch(new RegExp(`^ *${(NAMES[opcode] ?? opcode).replaceAll(".", "\\.")}\\b`, "m"));
  if (opcode !== "f32x4.relaxed_madd") expect(WebAssembly.validate(bytes)).toBe(true);
});

function written(write: (to: ByteWriter) => void): number[] {
  const to = new ByteWriter(1);
  write(to);
  return [...to.written];
}

describe("LEB128", () => {
  test.each([
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [624485, [0xe5, 0x8e, 0x26]],
    [2 ** 31, [0x80, 0x80, 0x80, 0x80, 8]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])("%i, unsigned", (value, bytes) => expect(written((to) => to.unsigned(value))).toEqual(bytes));

  test.each([
    [0, [0]],
    [63, [0x3f]],
    [64, [0xc0, 0]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 7]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])("%i, signed", (value, bytes) => expect(written((to) => to.signed(value))).toEqual(bytes));

  test("a constant comes out as it went in", () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const fn = new FunctionAssembler("f", 0);
        fn.i32(value);
        fn.op("local.set", fn.local("i32"));
        const text = disassemble(assembleModule({ pages: 0, maximum: 0, shared: false }, [fn]));
        expect(text).toContain(`i32.const ${value}\n`);
      }),
      cases(few(20, 50)),
    );
  });
});

test("a module imports its memory as it was planned, shared or not", () => {
  const text = (shared: boolean) =>
    disassemble(assembleModule({ pages: 3, maximum: 65536, shared }, [new FunctionAssembler("f", 2)]));
  expect(text(true)).toContain('(import "env" "memory" (memory (;0;) 3 65536 shared))');
  expect(text(false)).toContain('(import "env" "memory" (memory (;0;) 3 65536))');
  expect(text(false)).toContain('(export "f") (type 0) (param i32 i32)');
});

test("all kernels of random networks are valid on both paths, and made of the opcodes above", () => {
  const used = new Set<string>();
  fc.assert(
    fc.property(engineNetworks, fc.boolean(), fc.boolean(), (model, relaxed, shared) => {
      const optimizer = resolveOptimizer({ type: "adamw" });
      const plan = planModel(model, { batchSize: 20, optimizer, clip: true });
      const { bytes } = compilePlan(plan, 2, shared, { relaxed });
      const text = disassemble(bytes);
      for (const { kernel } of kernelsOf(plan)) expect(text).toContain(`(export "${kernel.name}")`);
      expect(text.includes("relaxed_madd"), "relaxed").toBe(relaxed);
      if (!relaxed) expect(WebAssembly.validate(bytes)).toBe(true);
      for (const [, opcode] of text.matchAll(/^ *([a-z0-9]+\.[a-z0-9_]+|loop|br_if|end)\b/gm))
        used.add(opcode);
    }),
    cases(few(15, 40)),
  );
  expect([...used].filter((opcode) => !Object.hasOwn(opcodes, opcode))).toEqual([]);
  expect(used.size).toBeGreaterThan(30);
});
