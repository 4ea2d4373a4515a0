import { InputError, show } from "../errors.js";
import {
  formatNpy,
  NPY_START,
  type NpyArray,
  npyHeadLength,
  readNpyArray,
  readNpyHead,
  type WritableArray,
} from "./npy.js";
import { formatZip, parseZip } from "./zip.js";

/*
 * .npz is how NumPy saves several arrays: a zip file with a .npy file for each, stored (np.savez) or deflated
 * (np.savez_compressed).
 */

const EXTENSION = ".npy";

/**
 * The arrays of a .npz file under their names.
 * @param source what to call the file in an error
 * @throws InputError that says what is wrong, at which member and byte
 */
export function parseNpz(bytes: Uint8Array, source: string): Record<string, NpyArray> {
  const fail = (problem: string): never => {
    throw new InputError(`${source}: ${problem}.`);
  };
  if (bytes.length < 4 || bytes[0] !== 0x50 || bytes[1] !== 0x4b)
    return fail("it doesn't begin as a .npz file does, with PK; write it with np.savez");
  const members = parseZip(bytes, (name) => name.endsWith(EXTENSION), fail);
  if (members.length === 0) return fail("it holds no arrays (members whose names end in .npy)");
  // What the headers promise is looked at before anything else is unpacked.
  const arrays = members.map((member) => {
    const bytes = member.head(npyHeadLength(member.head(NPY_START)));
    const head = readNpyHead(bytes, member.size, (problem) =>
      fail(`its member ${show(member.name)}: ${problem}`),
    );
    return { member, head };
  });
  return Object.fromEntries(
    arrays.map(({ member, head }) => {
      const name = member.name.slice(0, -EXTENSION.length);
      return [name, readNpyArray(member.bytes(), head)];
    }),
  );
}

/**
 * A .npz file, stored, that np.load opens. Each array is written in the dtype of its `data`.
 * @param comment stands at the file's end, where NumPy doesn't look
 */
export function formatNpz(arrays: Readonly<Record<string, WritableArray>>, comment?: string): Uint8Array {
  const members = Object.entries(arrays).map(([name, array]) => ({
    name: `${name}${EXTENSION}`,
    bytes: formatNpy(array),
  }));
  return formatZip(members, comment);
}
