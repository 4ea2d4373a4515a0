import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** A decoder that was compiled to WebAssembly, and what it has said about the present file. */
export interface Codec<Module> {
  readonly module: Module;
  readonly messages: string[];
}

/**
 * A decoder that starts when it is first asked for, from the bytes of the module that is installed beside this package: nothing
 * is fetched. One of its own, not the one that its package has for all who use it: its messages would go to whoever asked last.
 */
export class LazyCodec<Module> {
  readonly #path: string;
  readonly #start: (options: object) => Promise<Module>;
  #binary: Promise<Uint8Array> | undefined;
  #started: Promise<Codec<Module>> | undefined;

  /** @param path of the WebAssembly file, as one imports it; @param start the function of the file beside it */
  constructor(path: string, start: (options: object) => Promise<Module>) {
    this.#path = path;
    this.#start = start;
  }

  get(): Promise<Codec<Module>> {
    this.#started ??= this.#load();
    return this.#started;
  }

  /** After an error it has ended, with memory not given back: the next file gets a new one. */
  discard(): void {
    this.#started = undefined;
  }

  async #load(): Promise<Codec<Module>> {
    this.#binary ??= readFile(createRequire(import.meta.url).resolve(this.#path));
    const messages: string[] = [];
    const printErr = (message: string) => messages.push(message);
    const wasmBinary = await this.#binary;
    return {
      module: await this.#start({ noInitialRun: true, wasmBinary, printErr, print: () => {} }),
      messages,
    };
  }
}
