/** What needs Node: files and folders. */

export { type DatasetName, datasetNames, type Source, sources } from "../data/sources.js";
export { cacheFolder } from "./cache.js";
export { type CheckpointFolder, checkpointFolder } from "./checkpointFolder.js";
export { loadDataset, locateDataset } from "./datasets.js";
export { DownloadError } from "./download.js";
export { type Fetched, type FetchOptions, type FetchProgress, fetchDataset } from "./fetchDataset.js";
export { openToRead, readBytes, reason } from "./files.js";
export { nodeGpu } from "./gpu.js";
export { findIdxFile, holdsIdxFiles, readIdxFolder } from "./idxFolder.js";
export { type LoadEvent, type LoadedData, type LoadOptions, loadData } from "./loadData.js";
export { readModel, writeModel } from "./modelFile.js";
export { type CheckedDataset, type CheckedFile, type FileState, verifyDataset } from "./verifyDataset.js";
export { checkWritable, writeWhole } from "./writeWhole.js";
