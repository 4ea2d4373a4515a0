/*
 * WebAssembly's instructions, as far as kernels and random numbers need them: what each is called in the specification and its bytes.
 * SIMD instructions carry the prefix 0xfd and a number in LEB128.
 */

const simd = (code: number) => (code < 0x80 ? [0xfd, code] : [0xfd, (code & 0x7f) | 0x80, code >> 7]);

export const opcodes = {
  block: [0x02],
  loop: [0x03],
  end: [0x0b],
  br_if: [0x0d],
  "local.get": [0x20],
  "local.set": [0x21],
  "local.tee": [0x22],
  "i32.load": [0x28],
  "i32.const": [0x41],
  "i32.eq": [0x46],
  "i32.add": [0x6a],
  "i32.sub": [0x6b],

  "v128.load": simd(0),
  "v128.load32_splat": simd(9),
  "v128.load64_splat": simd(10),
  "v128.store": simd(11),
  "v128.const": simd(12),
  "i8x16.shuffle": simd(13),
  "i32x4.splat": simd(17),
  "i32x4.eq": simd(55),
  "f32x4.eq": simd(65),
  "f32x4.gt": simd(68),
  "f64x2.gt": simd(74),
  "v128.and": simd(78),
  "v128.andnot": simd(79),
  "v128.or": simd(80),
  "v128.xor": simd(81),
  "v128.bitselect": simd(82),
  "v128.load8_lane": simd(84),
  "v128.store32_lane": simd(90),
  "f32x4.nearest": simd(106),
  "i32x4.shl": simd(171),
  "i32x4.shr_u": simd(173),
  "i32x4.add": simd(174),
  "i32x4.mul": simd(181),
  "i64x2.shr_u": simd(205),
  "f32x4.sqrt": simd(227),
  "f32x4.add": simd(228),
  "f32x4.sub": simd(229),
  "f32x4.mul": simd(230),
  "f32x4.div": simd(231),
  "f32x4.max": simd(233),
  "f32x4.pmax": simd(235),
  "f64x2.sqrt": simd(239),
  "f64x2.add": simd(240),
  "f64x2.sub": simd(241),
  "f64x2.mul": simd(242),
  "f64x2.div": simd(243),
  "i32x4.trunc_sat_f32x4_s": simd(248),
  "f32x4.convert_i32x4_u": simd(251),
  "f64x2.convert_low_i32x4_u": simd(255),
  "f32x4.relaxed_madd": simd(0x105),
} as const satisfies Record<string, readonly number[]>;

export type Opcode = keyof typeof opcodes;

/** Types of values. */
export const valueTypes = { i32: 0x7f, f32: 0x7d, v128: 0x7b } as const;

export type ValueType = keyof typeof valueTypes;
