import { InputError } from "unravel-cnn";

/** A regular file in a folder or archive. */
export interface SourceFile {
  /** Its place, with slashes. */
  readonly path: string;
  readonly size: number;
}

/** A file's contents. */
export interface FileContent {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A folder or an archive, whose files were listed. */
export interface FileSource {
  /** As it was given, for messages. */
  readonly name: string;
  readonly files: readonly SourceFile[];
  /** Also those without files, as far as they are known. */
  readonly folders: readonly string[];
  /** Sentences without their full stop. */
  readonly remarks: readonly string[];
  /** Where a file lies on the disk; undefined in an archive. */
  readonly pathOf: ((path: string) => string) | undefined;
  /**
   * The contents of the files that are wanted, in the order in which they come. A file that can't be read has the reason, a
   * sentence, in the place of its bytes.
   */
  read(
    wanted: ReadonlySet<string>,
  ): AsyncIterable<FileContent | { readonly path: string; readonly problem: string }>;
}

/** More files than anyone has pictures that fit into memory. */
export const MOST_FILES = 5_000_000;

/** What an archive may unpack to: so much in any case, and more only if it is large itself. */
const UNPACKED_ANYWAY = 2 ** 32;
const UNPACKED_PER_BYTE = 50;

export function mostUnpacked(archiveBytes: number): number {
  return Math.max(UNPACKED_ANYWAY, UNPACKED_PER_BYTE * archiveBytes);
}

export function bomb(name: string, limit: number): InputError {
  return new InputError(
    `${name}: it unpacks to more than ${Math.round(limit / 2 ** 30)} GiB, which no archive of its size holds of pictures; unpack it yourself and give the folder.`,
  );
}
