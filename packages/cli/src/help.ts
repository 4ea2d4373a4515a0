import { builtInModels, datasetNames } from "unravel-cnn";

/*
 * What the help of several commands says.
 */

/** How MODEL can be given. */
export const MODEL_HELP = `built-in name (${Object.keys(builtInModels).join(", ")}), spec .json, or .safetensors`;

/** How `--data` can be given. */
export const DATA_HELP = `auto (MNIST, or drawn digits where it can't be had), ${datasetNames.join(", ")}, digits, a folder with four IDX files, named as those of MNIST, EMNIST or QMNIST, or pictures: a folder with a folder for each class (or train/ and test/ of these), a .csv of files and labels, or a .zip or .tar.gz of such a folder`;

export const OFFLINE_HELP = "download nothing";
