/** The checksum of zip files (and PNG, gzip): the remainder of a division of polynomials, a byte at a time. */
export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (let k = 0; k < bytes.length; k++) crc = (crc >>> 8) ^ REMAINDERS[(crc ^ bytes[k]) & 0xff];
  return ~crc >>> 0;
}

const POLYNOMIAL = 0xedb88320;

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});
