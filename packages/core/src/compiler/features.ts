import { assembleModule, FunctionAssembler } from "../wasm/assembler.js";

/** Whether this JavaScript engine runs WebAssembly with vectors. */
export function hasSimd(): boolean {
  return accepts((fn) => {
    fn.v128(new Uint8Array(16));
    fn.op("f32x4.sqrt");
    fn.op("local.set", fn.local("v128"));
  });
}

/** Whether it has relaxed SIMD: multiply and add in one instruction. */
export function hasRelaxedSimd(): boolean {
  return accepts((fn) => {
    for (let operand = 0; operand < 3; operand++) fn.v128(new Uint8Array(16));
    fn.op("f32x4.relaxed_madd");
    fn.op("local.set", fn.local("v128"));
  });
}

function accepts(write: (fn: FunctionAssembler) => void): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const fn = new FunctionAssembler("probe", 0);
  write(fn);
  return WebAssembly.validate(assembleModule({ pages: 0, maximum: 0, shared: false }, [fn]));
}
