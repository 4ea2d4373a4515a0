import { type DataPair, InputError } from "unravel-cnn";
import { type DatasetName, datasetNames, loadDataset, readIdxFolder } from "unravel-cnn/node";

/** How `--data` can be given, for the help texts. */
export const DATA_HELP = `${datasetNames.join(", ")}, or a folder with four IDX files`;

/**
 * The data that `--data` names.
 * @throws InputError if there is no such data, or it is damaged
 */
export async function loadData(name: string): Promise<DataPair> {
  if ((datasetNames as readonly string[]).includes(name)) return loadDataset(name as DatasetName);
  if (!name) throw new InputError(`--data must be ${DATA_HELP}.`);
  return readIdxFolder(name);
}
