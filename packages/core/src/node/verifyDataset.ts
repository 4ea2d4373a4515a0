import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { variantsOf } from "../data/idxData.js";
import type { Checksum, DatasetName, SourceFile } from "../data/sources.js";
import { locateDataset, sourceOf } from "./datasets.js";
import { readBytes } from "./files.js";

/**
 * `good`: it is the published file, or its unpacked content. `unchecked`: as long as it should be, but no checksum is
 * known for its unpacked form.
 */
export type FileState = "good" | "unchecked" | "missing" | "damaged";

/** Whether a file is the one that was published. */
export interface CheckedFile {
  /** As it is published. */
  readonly name: string;
  /** Where it is, perhaps under a variant of its name; null if it is missing. */
  readonly path: string | null;
  /** As it lies there; null if it is missing. */
  readonly bytes: number | null;
  readonly state: FileState;
}

/** Whether a data set's files are those that were published. */
export interface CheckedDataset {
  readonly name: DatasetName;
  /** For people. */
  readonly title: string;
  readonly folder: string;
  readonly files: readonly CheckedFile[];
  /** The worst of the files' states. */
  readonly state: FileState;
}

/**
 * Compares the four files of a known data set with their published checksums. Undefined if it is nowhere.
 * @throws InputError if there is no such data set, or a file can't be read
 */
export async function verifyDataset(
  name: DatasetName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<CheckedDataset | undefined> {
  const folder = await locateDataset(name, env);
  return folder === undefined ? undefined : verifyFolder(name, folder);
}

/** Does that for the files in a folder; a folder that isn't there has none of them. */
export async function verifyFolder(name: DatasetName, folder: string): Promise<CheckedDataset> {
  const { title, files: wanted } = sourceOf(name);
  const present = await readdir(folder).catch((): string[] => []);
  const files: CheckedFile[] = [];
  for (const file of wanted) files.push(await verifyFile(file, folder, present));
  const worst = (["damaged", "missing", "unchecked"] as const).find((state) =>
    files.some((file) => file.state === state),
  );
  return { name, title, folder, files, state: worst ?? "good" };
}

async function verifyFile(
  wanted: SourceFile,
  folder: string,
  present: readonly string[],
): Promise<CheckedFile> {
  const found = variantsOf(wanted.name.replace(/\.gz$/, "")).find((variant) => present.includes(variant));
  if (found === undefined) return { name: wanted.name, path: null, bytes: null, state: "missing" };
  const path = join(folder, found);
  const bytes = await readBytes(path);
  return { name: wanted.name, path, bytes: bytes.length, state: await stateOf(bytes, found, wanted) };
}

async function stateOf(
  bytes: Uint8Array,
  name: string,
  { checksum, unpacked }: SourceFile,
): Promise<FileState> {
  const packed = name.endsWith(".gz");
  if (packed && fits(bytes, checksum)) return "good";
  // Someone may have unpacked it, or packed it again: what counts is what is in it.
  const content = packed ? await unpack(bytes, unpacked.bytes).catch(() => undefined) : bytes;
  if (content?.length !== unpacked.bytes) return "damaged";
  if (unpacked.checksum) return fits(content, unpacked.checksum) ? "good" : "damaged";
  return packed ? "damaged" : "unchecked";
}

/** @throws if the bytes are damaged, or unpack to more than `most` */
function unpack(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  return promisify(gunzip)(bytes, { maxOutputLength: most });
}

function fits(bytes: Uint8Array, { algorithm, hex }: Checksum): boolean {
  return createHash(algorithm).update(bytes).digest("hex") === hex;
}
