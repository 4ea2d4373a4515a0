import {
  type DataPair,
  drawPair,
  FailureError,
  filesOf,
  firstOf,
  type IdxFile,
  type IdxSet,
  InputError,
  idxSets,
  mnistSet,
  parseIdxFiles,
  type Source,
  sources,
} from "unravel-cnn";
import { type Collected, type InputRule, imagesOf } from "./collected.js";
import type { DataName, Settings } from "./settings.js";

/*
 * Where images come from. This runs in the worker that trains; the page itself only says what it wants.
 */

/** What is wanted, and from where. */
export interface DataRequest {
  readonly name: DataName;
  /** How many training images, at most. */
  readonly images: number;
  /** Files that the visitor gave, for `files`. */
  readonly files?: readonly File[] | undefined;
  /** The visitor's own pictures, for `collected`. */
  readonly collected?: Collected | undefined;
  /** Tells other files, or other pictures, from these. */
  readonly filesId?: number | undefined;
  /** Addresses of folders that end in a slash: this page's own server, where it has the data set, or another host. */
  readonly folder?: string | undefined;
}

/** Tells the visitor's own files from others, on another day, too; empty for other data. */
export function filesIn({ name, files = [], filesId }: DataRequest): string {
  if (name === "collected") return `collection ${filesId}`;
  return files.map(({ name, size, lastModified }) => `${name} ${size} ${lastModified}`).join("; ");
}

export interface LoadOptions {
  /** Told what is being done, and how much of it is done, 0 to 1. */
  readonly onProgress?: ((doing: string, share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A copy of MNIST on a host that lets pages of others read it. Nothing is asked of it unless the visitor says so. */
export const MNIST_ELSEWHERE = "https://cdn.jsdelivr.net/gh/fgnt/mnist/";

/** What a page has to train on, besides digits that it draws. */
export interface Sources {
  /** What the page's own server has. */
  readonly served: readonly DataName[];
  /** Whether MNIST may be fetched from another host. */
  readonly mayFetch: boolean;
  readonly files: readonly File[];
  readonly collected: Collected | undefined;
}

/** What a visitor gave a training; neither, if its images came from elsewhere. */
export type OwnImages = Partial<Pick<Sources, "files" | "collected">>;

/**
 * Where the images of settings are; undefined: they have to be given, or their fetching allowed.
 * @param filesId tells what the visitor gave from what was given before
 */
export function requestFrom(
  { served, mayFetch, files, collected }: Sources,
  { data: name, images }: Pick<Settings, "data" | "images">,
  filesId: number,
): DataRequest | undefined {
  if (name === "digits") return { name, images };
  if (name === "files") return files.length > 0 ? { name, images, files, filesId } : undefined;
  if (name === "collected") return collected && { name, images, collected, filesId };
  if (served.includes(name)) {
    return { name, images, folder: new URL(`data/${name}/`, document.baseURI).href };
  }
  return name === "mnist" && mayFetch ? { name, images, folder: MNIST_ELSEWHERE } : undefined;
}

/** The drawn digits are one data set, whatever the seed of the training; the command line draws the same. */
const DIGITS_SEED = 0;
/** Tested on so many: drawing takes time. */
const DRAWN_TEST_IMAGES = 2000;

/** MNIST's four files, in the order in which they are read. */
const fileNames = filesOf(mnistSet);

/** The data sets that the page's own server has, `unravel explore` on this machine. Elsewhere there are none. */
export async function servedData(): Promise<readonly DataName[]> {
  try {
    // With a query, so that an answer that was kept for times without a network doesn't count.
    const answer = await fetch("./datasets.json?now", { cache: "no-store" });
    const list = (await answer.json()) as readonly { readonly name: DataName }[];
    return list.map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Whether a file is called like one of the four of a set that is known, `train-images-idx3-ubyte.gz` and so on. */
export function isDataFile(name: string): boolean {
  return idxSets.flatMap(filesOf).some((file) => isCalled(name, file));
}

function isCalled(name: string, file: string): boolean {
  const plain = name.toLowerCase().replace(/\.gz$/, "").replace(".idx", "-idx");
  return plain === file;
}

/** Images, and how they were made where that is not as usual. Without test images there is no test. */
export interface Images extends DataPair {
  readonly rule?: InputRule | undefined;
}

/**
 * The images, whole and checked.
 * @throws InputError if a file is missing, damaged or not what it should be; FailureError if it can't be fetched; the
 *   signal's reason if it is aborted
 */
export async function loadImages(request: DataRequest, options: LoadOptions = {}): Promise<Images> {
  const images = await loadAll(request, options);
  return { ...images, train: firstOf(images.train, request.images) };
}

async function loadAll(
  { name, images, files, folder, collected }: DataRequest,
  { onProgress, signal }: LoadOptions,
): Promise<Images> {
  if (name === "digits") {
    return drawPair(DIGITS_SEED, {
      trainCount: images,
      testCount: DRAWN_TEST_IMAGES,
      signal,
      onProgress: (digits, total) => onProgress?.("Drawing digits", digits / total),
    });
  }
  if (name === "files") return fromFiles(files ?? []);
  if (name === "collected") return fromCollected(collected, onProgress);
  if (folder === undefined) {
    throw new InputError(`${sources[name].title} is not on this machine; drop its four files on the page.`);
  }
  const { title, classes, files: published }: Source = sources[name];
  const elsewhere = new URL(folder).origin !== self.location.origin;
  const all: IdxFile[] = [];
  for (const [k, file] of fileNames.entries()) {
    const known = published.find((one) => one.name === `${file}.gz`);
    const source = `${folder}${file}${elsewhere ? ".gz" : ""}`;
    const packed = await fetchBytes(source, signal, (bytes) =>
      onProgress?.(
        `Fetching ${title}`,
        (k + Math.min(1, bytes / (known?.bytes ?? bytes))) / fileNames.length,
      ),
    );
    const bytes = await unpacked(packed, source);
    if (elsewhere) await checkSum(bytes, known?.unpacked.checksum?.hex, source);
    all.push({ source: file, bytes });
  }
  return pairOf(all, title, classes);
}

/** Pictures that were collected: too few to set some aside for a test. */
function fromCollected(collected: Collected | undefined, onProgress: LoadOptions["onProgress"]): Images {
  if (collected === undefined) {
    throw new InputError("The collected pictures are not here any more; collect some, and train again.");
  }
  const { train, rule } = imagesOf(collected, (done, total) =>
    onProgress?.("Preparing the pictures", done / total),
  );
  return { train, test: firstOf(train, 0), rule };
}

/** Four files that the visitor has, in any order, with MNIST's names or those of EMNIST or QMNIST. */
async function fromFiles(files: readonly File[]): Promise<DataPair> {
  const missingOf = (set: IdxSet) =>
    filesOf(set).filter((wanted) => !files.some(({ name }) => isCalled(name, wanted)));
  const complete = idxSets.filter((set) => missingOf(set).length === 0);
  if (complete.length > 1) {
    throw new InputError(
      `These are the files of several data sets: ${complete.map(({ title }) => title).join(", ")}; give the four files of one.`,
    );
  }
  const [set] = [...idxSets].sort((a, b) => missingOf(a).length - missingOf(b).length);
  const missing = missingOf(set);
  if (missing.length > 0) {
    throw new InputError(
      `Of the four files of a data set ${missing.length === 4 ? "none was given" : `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`}; give all four together (.gz or not).`,
    );
  }
  const all = await Promise.all(
    filesOf(set).map(async (wanted): Promise<IdxFile> => {
      const file = files.find(({ name }) => isCalled(name, wanted)) as File;
      return {
        source: file.name,
        bytes: await unpacked(new Uint8Array(await file.arrayBuffer()), file.name),
      };
    }),
  );
  return pairOf(all, set === mnistSet ? "your files" : set.title, undefined, set);
}

function pairOf(
  files: readonly IdxFile[],
  title: string,
  classes?: readonly string[],
  layout?: IdxSet,
): DataPair {
  const [trainImages, trainLabels, testImages, testLabels] = files;
  return parseIdxFiles(
    {
      train: { images: trainImages, labels: trainLabels },
      test: { images: testImages, labels: testLabels },
    },
    title,
    title,
    classes,
    layout,
  );
}

async function fetchBytes(
  address: string,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<Uint8Array> {
  const { host } = new URL(address);
  let answer: Response;
  try {
    answer = await fetch(address, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw new FailureError(`${host} can't be reached (${(error as Error).message}); is there a network?`);
  }
  if (!answer.ok || !answer.body) {
    throw new FailureError(`${host} answered ${answer.status} when it was asked for ${address}.`);
  }
  const chunks: Uint8Array[] = [];
  let count = 0;
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: Error) => {
      signal?.throwIfAborted();
      throw new FailureError(`${host} broke off in the middle of ${address} (${error.message}); try again.`);
    });
    if (done) break;
    chunks.push(value);
    count += value.length;
    onBytes(count);
  }
  return joined(chunks, count);
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** Without gzip, if it is gzip. */
async function unpacked(bytes: Uint8Array, source: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new InputError(`${source}: the gzip data is damaged; get it again.`);
  }
}

/** Files from another host must be, byte for byte, what was published. */
async function checkSum(bytes: Uint8Array, known: string | undefined, source: string): Promise<void> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as BufferSource));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (hex !== known) {
    throw new InputError(
      `${source}: it is not what was published as MNIST (its checksum differs), so it isn't used.`,
    );
  }
}
