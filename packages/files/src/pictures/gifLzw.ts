/** The longest code has this many bits. */
const MOST_BITS = 12;

/**
 * Unpacks a GIF's codes: each stands for a row of values that was seen before, and its first value. Two codes are special: one
 * begins again with an empty table, one ends.
 * @param bits of a value
 * @param count how many values there must be
 * @returns undefined if there are fewer, or a code stands for nothing
 */
export function unpackLzw(packed: Uint8Array, bits: number, count: number): Uint8Array | undefined {
  const clear = 1 << bits;
  const end = clear + 1;
  // a code's row is that of another code, and one value more
  const prefix = new Int16Array(1 << MOST_BITS);
  const suffix = new Uint8Array(1 << MOST_BITS);
  const first = new Uint8Array(1 << MOST_BITS);
  const lengths = new Uint16Array(1 << MOST_BITS);
  for (let k = 0; k < clear; k++) {
    suffix[k] = k;
    first[k] = k;
    lengths[k] = 1;
  }
  const values = new Uint8Array(count);
  let filled = 0;
  let codeBits = bits + 1;
  let next = end + 1;
  let before = -1;
  let pending = 0;
  let pendingBits = 0;
  let at = 0;

  /** Writes a code's row, from its end. */
  const write = (code: number): void => {
    const length = lengths[code];
    let value = code;
    for (let k = filled + length - 1; k > filled; k--) {
      if (k < count) values[k] = suffix[value];
      value = prefix[value];
    }
    if (filled < count) values[filled] = suffix[value];
    filled += length;
  };

  while (filled < count) {
    while (pendingBits < codeBits) {
      if (at === packed.length) return undefined;
      pending |= packed[at++] << pendingBits;
      pendingBits += 8;
    }
    const code = pending & ((1 << codeBits) - 1);
    pending >>>= codeBits;
    pendingBits -= codeBits;
    if (code === clear) {
      codeBits = bits + 1;
      next = end + 1;
      before = -1;
      continue;
    }
    if (code === end) return undefined;
    if (before < 0) {
      if (code > clear) return undefined;
      write(code);
    } else {
      if (code > next || (code === next && next === 1 << MOST_BITS)) return undefined;
      if (next < 1 << MOST_BITS) {
        prefix[next] = before;
        lengths[next] = lengths[before] + 1;
        // a code that is just being made ends with the value that its row begins with
        suffix[next] = first[code === next ? before : code];
        first[next] = first[before];
        next += 1;
        if (next === 1 << codeBits && codeBits < MOST_BITS) codeBits += 1;
      }
      write(code);
    }
    before = code;
  }
  return values;
}
