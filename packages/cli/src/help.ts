import { builtInModels, datasetNames } from "unravel-cnn";

/*
 * What the help of several commands says.
 */

/** How MODEL can be given. */
export const MODEL_HELP = `built-in name (${Object.keys(builtInModels).join(", ")}), spec .json, or .safetensors`;

/** How `--data` can be given. */
export const DATA_HELP = `auto (MNIST, or drawn digits where it can't be had), ${datasetNames.join(", ")}, digits, or a folder with four IDX files, named as those of MNIST, EMNIST or QMNIST`;

export const OFFLINE_HELP = "download nothing";
