import { createHash } from "node:crypto";
import type { NamedTensors } from "../../src/tensor.js";

/** SHA-256 over names, shapes and the float32 bits (little-endian) of all tensors, in hexadecimal. */
export function checksum(tensors: NamedTensors): string {
  const hash = createHash("sha256");
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const bytes = new DataView(new ArrayBuffer(4 * data.length));
    data.forEach((value: number, k: number) => {
      bytes.setFloat32(4 * k, value, true);
    });
    hash.update(`${name} ${shape.join("x")}\n`).update(new Uint8Array(bytes.buffer));
  }
  return hash.digest("hex");
}
