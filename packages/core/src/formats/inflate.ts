import type { Fail } from "./fail.js";

/*
 * Unpacks deflate (RFC 1951): blocks that are stored as they are, or coded with Huffman codes. A code stands for a byte,
 * for the end of the block, or for "the same bytes as those `distance` back, `length` of them".
 *
 * The platform's own DecompressionStream can't say at which byte something is wrong, and goes on as long as there is
 * output. Here it is known beforehand how much there must be.
 */

/** What the length codes 257 to 285 begin with, and how many bits are added from the data. */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/** The same for the distance codes 0 to 29. */
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const DISTANCE_BITS = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** The order in which the lengths of the codes for code lengths stand. */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const END_OF_BLOCK = 256;

/** No byte of deflated data stands for more than this many. */
export const LARGEST_RATIO = 1032;

/**
 * Unpacks `packed`, which must give `size` bytes, no more and no fewer. Their memory is allocated at once,
 * so `size` must be one that was checked.
 * @param fail is called with what is wrong and at which byte of `packed`
 */
export function inflate(packed: Uint8Array, size: number, fail: Fail): Uint8Array {
  const input = new BitReader(packed, fail);
  const output = new Output(size, input);
  unpack(input, output, Infinity);
  if (output.length < size)
    input.wrong(`the data ends after ${output.length} of the ${size} bytes that it should unpack to`);
  return output.bytes;
}

/** The first `count` bytes that `packed` gives, or all of them where they are fewer. */
export function inflateHead(packed: Uint8Array, count: number, fail: Fail): Uint8Array {
  const input = new BitReader(packed, fail);
  const output = new Output(count, input, true);
  unpack(input, output, count);
  return output.bytes.subarray(0, output.length);
}

/** Unpacks block after block, until there are at least `enough` bytes, or they end. */
function unpack(input: BitReader, output: Output, enough: number): void {
  let last = false;
  while (!last && output.length < enough) {
    last = input.bits(1) === 1;
    const type = input.bits(2);
    if (type === 0) copyStored(input, output);
    else if (type === 1) unpackBlock(input, output, FIXED.literals, FIXED.distances, enough);
    else if (type === 2) {
      const { literals, distances } = readCodes(input);
      unpackBlock(input, output, literals, distances, enough);
    } else input.wrong("a block has a type that doesn't exist");
  }
}

/** Deflate fills bytes from their lowest bit on. */
class BitReader {
  position = 0;
  #held = 0;
  #count = 0;
  readonly #bytes: Uint8Array;
  readonly #fail: Fail;

  constructor(bytes: Uint8Array, fail: Fail) {
    this.#bytes = bytes;
    this.#fail = fail;
  }

  wrong(problem: string): never {
    return this.#fail(`at byte ${this.position} of its packed data: ${problem}`);
  }

  /** At most 16 bits. */
  bits(count: number): number {
    if (this.#count < count) this.#refill();
    if (this.#count < count) this.wrong("the packed data ends too early");
    const value = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#count -= count;
    return value;
  }

  /** The next symbol of a Huffman code. */
  symbol({ table, longest }: Code): number {
    if (this.#count < longest) this.#refill();
    const entry = table[this.#held & ((1 << longest) - 1)];
    const length = entry & 15;
    if (length === 0) this.wrong("there is a code that stands for nothing");
    if (length > this.#count) this.wrong("the packed data ends too early");
    this.#held >>>= length;
    this.#count -= length;
    return entry >> 4;
  }

  /** Goes on at the next whole byte, and takes `count` of them. */
  wholeBytes(count: number): Uint8Array {
    this.position -= this.#count >> 3; // bytes that were fetched, but not used
    this.#held = 0;
    this.#count = 0;
    if (this.position + count > this.#bytes.length) this.wrong("the packed data ends too early");
    this.position += count;
    return this.#bytes.subarray(this.position - count, this.position);
  }

  #refill(): void {
    while (this.#count <= 16 && this.position < this.#bytes.length) {
      this.#held |= this.#bytes[this.position++] << this.#count;
      this.#count += 8;
    }
  }
}

/** The unpacked bytes, in memory that has room for no more than there should be. */
class Output {
  readonly bytes: Uint8Array;
  length = 0;
  readonly #input: BitReader;
  readonly #isHead: boolean;

  /** @param isHead whether what there is no room for is left out, and not wrong */
  constructor(size: number, input: BitReader, isHead = false) {
    this.bytes = new Uint8Array(size);
    this.#input = input;
    this.#isHead = isHead;
  }

  push(byte: number): void {
    this.#roomFor(1);
    this.bytes[this.length++] = byte;
  }

  append(bytes: Uint8Array): void {
    const count = this.#roomFor(bytes.length);
    this.bytes.set(bytes.subarray(0, count), this.length);
    this.length += count;
  }

  /** Repeats `length` bytes from `distance` back; they may reach into what is being written. */
  repeat(distance: number, length: number): void {
    if (distance > this.length)
      this.#input.wrong(`it refers ${distance} bytes back, but there are only ${this.length}`);
    const count = this.#roomFor(length);
    for (let k = 0; k < count; k++, this.length++) {
      this.bytes[this.length] = this.bytes[this.length - distance];
    }
  }

  /** How many of `count` bytes fit. */
  #roomFor(count: number): number {
    const room = this.bytes.length - this.length;
    if (count > room && !this.#isHead)
      this.#input.wrong(`it unpacks to more than the ${this.bytes.length} bytes that it should`);
    return Math.min(count, room);
  }
}

/** A Huffman code: the next `longest` bits, as an index, give symbol * 16 + length of its code (0: no such code). */
interface Code {
  readonly table: Uint16Array;
  readonly longest: number;
}

/** Codes of equal length are numbered in the order of their symbols, and follow on the shorter ones. */
function makeCode(lengths: ArrayLike<number>, wrong: (problem: string) => never): Code {
  const counts = new Uint16Array(16);
  for (let k = 0; k < lengths.length; k++) counts[lengths[k]]++;
  counts[0] = 0;
  const next = new Uint16Array(16);
  let free = 1; // codes of the current length that are not taken
  let longest = 0;
  for (let length = 1; length < 16; length++) {
    next[length] = (next[length - 1] + counts[length - 1]) << 1;
    free = 2 * free - counts[length];
    if (free < 0) wrong("it describes more codes than there can be");
    if (counts[length] > 0) longest = length;
  }
  const table = new Uint16Array(1 << longest);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol];
    if (length === 0) continue;
    const first = reversed(next[length]++, length); // a code's bits come highest first
    for (let index = first; index < table.length; index += 1 << length) table[index] = symbol * 16 + length;
  }
  return { table, longest };
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) if (code & (1 << bit)) result |= 1 << (length - 1 - bit);
  return result;
}

const FIXED = {
  literals: makeCode(
    Uint8Array.from({ length: 288 }, (_, k) => (k < 144 ? 8 : k < 256 ? 9 : k < 280 ? 7 : 8)),
    neverWrong,
  ),
  distances: makeCode(new Uint8Array(30).fill(5), neverWrong),
};

function neverWrong(problem: string): never {
  throw new Error(problem);
}

function copyStored(input: BitReader, output: Output): void {
  const [low, high, notLow, notHigh] = input.wholeBytes(4);
  if (low + notLow !== 255 || high + notHigh !== 255)
    input.wrong("the length of a stored block contradicts itself");
  output.append(input.wholeBytes(low + 256 * high));
}

function readCodes(input: BitReader): { literals: Code; distances: Code } {
  const wrong = (problem: string) => input.wrong(problem);
  const literalCount = 257 + input.bits(5);
  const distanceCount = 1 + input.bits(5);
  const lengthCount = 4 + input.bits(4);
  if (literalCount > 286 || distanceCount > 30) wrong("it describes more codes than there can be");
  const codeLengths = new Uint8Array(19);
  for (let k = 0; k < lengthCount; k++) codeLengths[CODE_LENGTH_ORDER[k]] = input.bits(3);
  const lengthCode = makeCode(codeLengths, wrong);
  const lengths = new Uint8Array(literalCount + distanceCount);
  let k = 0;
  while (k < lengths.length) {
    const symbol = input.symbol(lengthCode);
    if (symbol < 16) {
      lengths[k++] = symbol;
      continue;
    }
    if (symbol === 16 && k === 0) wrong("it repeats a code's length before there is one");
    const repeated = symbol === 16 ? lengths[k - 1] : 0;
    const count = symbol === 16 ? 3 + input.bits(2) : symbol === 17 ? 3 + input.bits(3) : 11 + input.bits(7);
    if (k + count > lengths.length) wrong("it describes more codes than it announces");
    lengths.fill(repeated, k, k + count);
    k += count;
  }
  if (lengths[END_OF_BLOCK] === 0) wrong("a block has no code for its end");
  return {
    literals: makeCode(lengths.subarray(0, literalCount), wrong),
    distances: makeCode(lengths.subarray(literalCount), wrong),
  };
}

function unpackBlock(
  input: BitReader,
  output: Output,
  literals: Code,
  distances: Code,
  enough: number,
): void {
  while (output.length < enough) {
    const symbol = input.symbol(literals);
    if (symbol < END_OF_BLOCK) output.push(symbol);
    else if (symbol === END_OF_BLOCK) return;
    else {
      const k = symbol - 257;
      if (k >= LENGTH_BASE.length) input.wrong("there is a code that stands for nothing");
      const length = LENGTH_BASE[k] + input.bits(LENGTH_BITS[k]);
      const distance = input.symbol(distances);
      output.repeat(DISTANCE_BASE[distance] + input.bits(DISTANCE_BITS[distance]), length);
    }
  }
}
