import { type Checkpoint, FailureError, InputError } from "unravel-cnn";
import { type CheckpointFolder, checkpointFolder } from "unravel-cnn/node";
import { Interrupted } from "../../exit.js";
import { complain } from "../../terminal/output.js";

/** The folder of `--checkpoint`, while a command trains. */
export class KeptTraining {
  readonly #path: string;
  readonly #folder: CheckpointFolder;
  /** After how many steps the last checkpoint was made; undefined: there is none. */
  #steps: number | undefined;
  #problem: string | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#folder = checkpointFolder(path);
  }

  /**
   * Looks whether checkpoints can be written.
   * @param resumed the checkpoint that the training goes on from, if it lies in this folder
   * @throws InputError, FailureError; also if the folder holds another training, which isn't over
   */
  async prepare(resumed?: Checkpoint): Promise<void> {
    await this.#folder.prepare();
    this.#steps = resumed?.state.steps;
    if (resumed !== undefined || !(await this.#folder.holds())) return;
    const other = await this.#folder.load().catch((error: unknown) => {
      if (error instanceof InputError) return undefined;
      throw error;
    });
    if (other?.ended) return;
    const what =
      other === undefined
        ? "a checkpoint that can't be read"
        : `a training that isn't over: go on with --resume ${this.#path}`;
    throw new InputError(
      `${this.#path} holds ${what}${other === undefined ? ":" : ","} remove ${this.#folder.path}, or give another folder.`,
    );
  }

  /**
   * Keeps a checkpoint. If that fails, training goes on, and the one before stays; only the first one has to be kept.
   * @throws FailureError if that one can't be
   */
  async save(checkpoint: Checkpoint): Promise<void> {
    const { steps } = checkpoint.state;
    try {
      await this.#folder.save(checkpoint);
      this.#steps = steps;
      this.#problem = undefined;
    } catch (error) {
      if (this.#steps === undefined || !(error instanceof FailureError)) throw error;
      this.#problem = error.message.replace(/\.$/, "");
      complain(`${this.#problem}; the checkpoint of step ${this.#steps} is kept, and training goes on.`);
    }
  }

  /** Adds to an interruption that the training can go on. */
  tell(error: unknown): void {
    if (!(error instanceof Interrupted) || this.#steps === undefined) return;
    const nothing = error.outcome === NOTHING;
    const kept = `the training is kept in ${this.#path} (go on with --resume ${this.#path})`;
    const old = `${this.#problem}, but the checkpoint of step ${this.#steps} is kept (go on with --resume ${this.#path})`;
    error.outcome = `${nothing ? "" : `${error.outcome}, and `}${this.#problem === undefined ? kept : old}`;
  }
}

/** What an interruption says where nothing is kept. */
const NOTHING = new Interrupted("SIGINT").outcome;
