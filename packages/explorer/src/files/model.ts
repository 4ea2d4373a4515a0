import { formatModel, type SavedModel } from "unravel-cnn";
import type { Explorer } from "../state/explorer.svelte.js";
import type { LiveTraining } from "../training/training.svelte.js";
import { save } from "./save.js";

/** Offers a network as a file that this page and `unravel evaluate` read; says so if it isn't fit to be kept. */
export function saveModel(explorer: Explorer, model: SavedModel): void {
  try {
    save("model.safetensors", formatModel(model));
  } catch (error) {
    explorer.tell((error as Error).message);
  }
}

/** The network in training, as it is after its last step. */
export async function saveTrained(explorer: Explorer, training: LiveTraining): Promise<void> {
  const { model } = training;
  const parameters = (await training.save())?.training.parameters ?? training.parameters;
  if (model && parameters) saveModel(explorer, { model, parameters });
}
