/*
 * DEFLATE (RFC 1951) the other way: small, at once, and not told to be anything but right; what it reads was written by this
 * package. Codes are looked up in a table with a place for every pattern of bits as long as the longest code.
 */

/** Lengths and distances: what each symbol begins at, and how many bits are added to that. */
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BITS = Array.from({ length: 30 }, (_, k) => Math.max(0, (k >> 1) - 1));
const LENGTHS = startsOf(3, LENGTH_BITS);
const DISTANCES = startsOf(1, DISTANCE_BITS);
/** The longest length has a symbol of its own. */
LENGTHS[28] = 258;

/** In which order the lengths of the codes for lengths stand. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function startsOf(first: number, bits: readonly number[]): number[] {
  let start = first;
  return bits.map((count) => {
    start += 1 << count;
    return start - (1 << count);
  });
}

/** No code is longer. */
const LONGEST = 15;

/** For every pattern of as many bits as the longest code has: the symbol that it begins with, times 16, and its code's length. */
function codesOf(lengths: Uint8Array): Uint16Array {
  const longest = Math.max(1, ...lengths);
  const table = new Uint16Array(1 << longest);
  for (let length = 1, code = 0; length <= longest; length++, code <<= 1) {
    // shorter codes mean the same whichever way the next bit is
    table.copyWithin(1 << (length - 1), 0, 1 << (length - 1));
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      let reversed = 0;
      for (let k = 0; k < length; k++) reversed = (reversed << 1) | ((code >> k) & 1);
      table[reversed] = (symbol << 4) | length;
      code++;
    }
  }
  return table;
}

/** What `data` was before it was compressed: `size` bytes. */
export function inflate(data: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  let to = 0;
  let from = 0;
  let waiting = 0;
  let count = 0;
  /** Makes at least 15 bits ready, more than anything takes; beyond the end there is nothing, which counts as zeros. */
  const refill = () => {
    if (count >= LONGEST) return;
    waiting |= (data[from] | (data[from + 1] << 8)) << count;
    from += 2;
    count += 16;
  };
  const take = (bits: number) => {
    refill();
    const value = waiting & ((1 << bits) - 1);
    waiting >>>= bits;
    count -= bits;
    return value;
  };
  const symbol = (table: Uint16Array) => {
    refill();
    const entry = table[waiting & (table.length - 1)];
    waiting >>>= entry & 15;
    count -= entry & 15;
    return entry >> 4;
  };
  const fixed = () => {
    const lengths = new Uint8Array(288).fill(8).fill(9, 144, 256).fill(7, 256, 280);
    return [codesOf(lengths), codesOf(new Uint8Array(30).fill(5))];
  };
  const dynamic = () => {
    const [literals, distances, codes] = [take(5) + 257, take(5) + 1, take(4) + 4];
    const own = new Uint8Array(19);
    for (let k = 0; k < codes; k++) own[ORDER[k]] = take(3);
    const lengthCodes = codesOf(own);
    const lengths = new Uint8Array(literals + distances);
    for (let k = 0; k < lengths.length; ) {
      const length = symbol(lengthCodes);
      if (length < 16) lengths[k++] = length;
      else {
        const again = length === 16 ? lengths[k - 1] : 0;
        const times = length === 16 ? 3 + take(2) : length === 17 ? 3 + take(3) : 11 + take(7);
        lengths.fill(again, k, k + times);
        k += times;
      }
    }
    return [codesOf(lengths.subarray(0, literals)), codesOf(lengths.subarray(literals))];
  };
  for (let last = 0; last === 0; ) {
    last = take(1);
    const kind = take(2);
    if (kind === 0) {
      // from the next whole byte on, as they are
      from -= count >> 3;
      waiting = count = 0;
      const length = data[from] | (data[from + 1] << 8);
      out.set(data.subarray(from + 4, from + 4 + length), to);
      from += 4 + length;
      to += length;
      continue;
    }
    const [literals, distances] = kind === 1 ? fixed() : dynamic();
    for (;;) {
      // as `symbol`, without calls: this is where the time goes, and it runs once and cold
      if (count < LONGEST) {
        waiting |= (data[from] | (data[from + 1] << 8)) << count;
        from += 2;
        count += 16;
      }
      const entry = literals[waiting & (literals.length - 1)];
      waiting >>>= entry & 15;
      count -= entry & 15;
      if (entry < 256 << 4) {
        out[to++] = entry >> 4;
        continue;
      }
      const next = (entry >> 4) - 257;
      if (next < 0) break;
      const length = LENGTHS[next] + take(LENGTH_BITS[next]);
      const distance = symbol(distances);
      const back = DISTANCES[distance] + take(DISTANCE_BITS[distance]);
      for (let k = 0; k < length; k++, to++) out[to] = out[to - back];
    }
  }
  return out;
}
