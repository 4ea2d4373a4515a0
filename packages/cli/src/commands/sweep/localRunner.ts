import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ProcessPool } from "./processPool.js";
import type { Ended, Runner } from "./runner.js";
import type { Trial } from "./trial.js";

/** Does trials in processes of this machine, one thread each. */
export class LocalRunner implements Runner {
  readonly slots: number;
  readonly #folder: string;
  readonly #pool = new ProcessPool();
  #running = 0;

  /** @param folder where checkpoints are kept between rungs */
  constructor(processes: number, folder: string) {
    this.slots = processes;
    this.#folder = folder;
  }

  async run(trial: Trial, onProgress: (share: number) => void): Promise<Ended> {
    const { words, epochs, allEpochs, training } = trial;
    const hasRungs = trial.id !== training;
    if (hasRungs) await mkdir(this.#folder, { recursive: true });
    const checkpoint = hasRungs ? join(this.#folder, `${training}.safetensors`) : undefined;
    this.#running++;
    try {
      return await this.#pool.run({ words, epochs, allEpochs, checkpoint }, onProgress);
    } finally {
      this.#running--;
    }
  }

  running(): number {
    return this.#running;
  }

  /** Forgets trainings that nothing goes on with. */
  async forget(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}
