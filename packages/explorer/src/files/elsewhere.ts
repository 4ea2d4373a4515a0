import { formatZip, InputError, type SavedModel } from "unravel-cnn";
import { exportModel, importModel } from "unravel-files";
import type { Network } from "../state/network.js";

/* Networks for other programs, and theirs. Loaded when somebody asks for it. */

/** A file to keep: that of a format, or where a format has several an archive of them. */
export async function fileFor(saved: SavedModel, to: string): Promise<{ name: string; bytes: Uint8Array }> {
  const files = await exportModel(saved, to, { name: "model" });
  if (files.length === 1) return files[0];
  return { name: `model-${to}.zip`, bytes: formatZip(files) };
}

/** The network of another program's file. @throws InputError in one sentence */
export async function networkFromElsewhere(
  name: string,
  bytes: Uint8Array,
): Promise<{ network: Network; remarks: readonly string[] }> {
  const beside = (other: string): never => {
    throw new InputError(
      `${name}: its weights lie in another file, ${other}, and the page opens one at a time; "unravel import ${name}" on the command line takes both.`,
    );
  };
  const { model, parameters, remarks } = await importModel(
    { name, bytes },
    { beside: async (other) => beside(other) },
  );
  return { network: { id: undefined, title: name, note: "", model, parameters }, remarks };
}
