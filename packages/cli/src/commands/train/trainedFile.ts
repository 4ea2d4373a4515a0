import { FailureError, formatModel, InputError, type Model, type NamedTensors } from "unravel-cnn";
import { Interrupted } from "../../exit.js";
import type { LoadedModel } from "../../model.js";
import { MODEL_FILE } from "../../output/kinds.js";
import { checkOutput, writeOutput } from "../../output/write.js";

/** About as much as the header of a model's file takes. */
const HEADER_BYTES = 4096;

/** The file that a training's result goes to, and the one beside it for what was learnt until an interruption. */
export class TrainedFile {
  readonly path: string;
  /** `lenet5.interrupted.safetensors`: never the file itself, which would look as if the training had been finished. */
  readonly interruptedPath: string;

  constructor(path: string) {
    this.path = path;
    const { ending } = MODEL_FILE;
    this.interruptedPath = `${path.slice(0, -ending.length)}.interrupted${path.slice(-ending.length)}`;
  }

  /** Looks whether both can be written, and hold the model once it is known. @throws InputError, FailureError */
  async check(model?: Model): Promise<void> {
    const bytes = model && 4 * model.parameterCount + HEADER_BYTES;
    await checkOutput(this.path, MODEL_FILE, bytes);
    await checkOutput(this.interruptedPath, MODEL_FILE);
  }

  /** @throws FailureError if it can't be written any more; then the file beside has the model, if that can be written */
  async write(model: Model, parameters: NamedTensors): Promise<void> {
    const content = formatModel({ model, parameters });
    try {
      await writeOutput(this.path, MODEL_FILE, content);
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      const kept = await writeOutput(this.interruptedPath, MODEL_FILE, content).then(
        () => `what was learnt is in ${this.interruptedPath}`,
        () => "what was learnt is lost",
      );
      throw new FailureError(`${withoutStop(error)}; ${kept}.`);
    }
  }

  /**
   * Saves what an interrupted training has learnt, if anything, and adds that to the message of the interruption. It is
   * saved before anything is printed, because the terminal may be gone.
   */
  async keep(error: unknown, { model, parameters: before }: LoadedModel, after: NamedTensors): Promise<void> {
    if (!(error instanceof Interrupted) || !differs(before, after)) return;
    try {
      await writeOutput(this.interruptedPath, MODEL_FILE, formatModel({ model, parameters: after }));
      error.outcome = `what was learnt so far is in ${this.interruptedPath}`;
    } catch (problem) {
      if (!(problem instanceof FailureError || problem instanceof InputError)) throw problem;
      error.outcome = `what was learnt is lost: ${withoutStop(problem)}`;
    }
  }
}

function differs(before: NamedTensors, after: NamedTensors): boolean {
  return Object.entries(after).some(([name, { data }]) =>
    data.some((value, k) => value !== before[name].data[k]),
  );
}

function withoutStop({ message }: Error): string {
  return message.replace(/\.$/, "");
}
