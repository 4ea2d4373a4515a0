/*
 * HDF5 (https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html): objects that point at each other by addresses in the file. Here are
 * the numbers at an address, each looked at whether it lies in the file, and a limit on the work that a file may cause.
 */

/** Ends the reading with what is wrong, and where. */
export type Fail = (problem: string) => never;

/** How many records a file may make a reader look at; files of a thousand layers have some hundred thousand. */
const MOST_RECORDS = 2 ** 22;

/** What all values together may take unpacked: so much in any case, and more only if the file itself is large. */
const UNPACKED_ANYWAY = 2 ** 28;
const UNPACKED_PER_BYTE = 4;

/** An address that points nowhere. */
export const NOWHERE = -1;

export class Source {
  readonly bytes: Uint8Array;
  readonly fail: Fail;
  readonly #view: DataView;
  #records = MOST_RECORDS;
  #unpacked: number;

  constructor(bytes: Uint8Array, fail: Fail) {
    this.bytes = bytes;
    this.fail = fail;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#unpacked = Math.max(UNPACKED_ANYWAY, UNPACKED_PER_BYTE * bytes.length);
  }

  /** Counts a record; whatever a loop of addresses may do, it ends here. */
  record(): void {
    if (--this.#records < 0)
      this.fail(`its parts point at more than ${MOST_RECORDS} others, as if in a circle`);
  }

  /** Counts bytes that are unpacked, before they are. */
  unpack(count: number): void {
    this.#unpacked -= count;
    if (!(this.#unpacked >= 0)) this.fail("its arrays would be far larger than the file");
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#inside(at, 1));
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#inside(at, 2), true);
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#inside(at, 4), true);
  }

  /** A size; such as no file can have are inexact, and fail where they are used. */
  u64(at: number): number {
    return Number(this.#view.getBigUint64(this.#inside(at, 8), true));
  }

  /** A number of `width` bytes, at most 8. */
  unsigned(at: number, width: number): number {
    let value = 0;
    for (let k = width - 1; k >= 0; k--) value = value * 256 + this.u8(at + k);
    return value;
  }

  /** An address in the file, or NOWHERE. */
  address(at: number): number {
    const value = this.#view.getBigUint64(this.#inside(at, 8), true);
    if (value === 0xffffffffffffffffn) return NOWHERE;
    return value < BigInt(this.bytes.length)
      ? Number(value)
      : this.fail(`the address at byte ${at} points behind its end`);
  }

  part(at: number, length: number): Uint8Array {
    this.#inside(at, length);
    return this.bytes.subarray(at, at + length);
  }

  /** Text of a fixed length, up to its first 0. */
  text(at: number, length: number): string {
    const bytes = this.part(at, length);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** Text up to a 0, which must come before `limit`. */
  textUntilZero(at: number, limit: number): string {
    const end = this.bytes.indexOf(0, at);
    if (at < 0 || end < 0 || end >= limit) return this.fail(`the name at byte ${at} has no end`);
    return this.text(at, end - at);
  }

  /** Looks whether the four letters of a structure stand where it should begin. */
  signature(at: number, letters: string): void {
    if (at === NOWHERE || this.text(at, 4) !== letters)
      this.fail(`at byte ${at} should be ${letters}, but isn't`);
    this.record();
  }

  #inside(at: number, length: number): number {
    if (!(at >= 0 && length >= 0 && at + length <= this.bytes.length))
      this.fail(`it ends before byte ${at + length}, where there should be more`);
    return at;
  }
}
