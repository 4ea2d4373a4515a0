/** What needs Node: files and folders. */

export { cacheFolder } from "./cache.js";
export { type DatasetName, datasetNames, loadDataset } from "./datasets.js";
export { checkWritable, readBytes, reason, writeWhole } from "./files.js";
export { holdsIdxFiles, readIdxFolder } from "./idxFolder.js";
export { readModel, writeModel } from "./modelFile.js";
