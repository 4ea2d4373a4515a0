/*
 * What the pages of the API reference are: a page for each way into a package, and on it the exported names by theme. A name
 * belongs to the first theme that the path of its source, within the package, begins with.
 */

const core = [
  ["Networks", ["builtIn", "builders", "graph/model", "graph/", "layers/"]],
  ["Losses", ["losses/"]],
  ["Measuring answers", ["training/evaluate", "training/metrics", "training/quality", "evaluationReport/"]],
  ["Training", ["training/fit", "training/", "optimizers/"]],
  ["Engines", ["engine/index", "engine/"]],
  ["Augmentation", ["augment/"]],
  ["Pictures", ["data/picture", "data/input", "data/ink", "data/resize", "data/preprocess"]],
  ["Data", ["data/", "node/"]],
  ["Files", ["formats/"]],
  ["Every number of a step", ["reference/", "explain/", "cell"]],
  ["Checking somebody's own arrays", ["check/"]],
  ["Tensors, chance, errors", ["tensor", "random", "errors", "nearest", "printable"]],
  ["How a network is compiled", ["compiler/", "ir/"]],
  ["How long it takes", ["measure/"]],
  ["Numbers and curves for people", ["presentation/"]],
];

const files = [
  [
    "Labelled images",
    ["browser/", "node/imageFolder", "node/pictureData", "node/broken", "node/holdsPictures", "layout/"],
  ],
  ["Pictures", ["pictures/", "node/decode", "node/pixelTables"]],
  ["Networks for other programs", ["export/"]],
  ["Networks of other programs", ["import/"]],
];

const inNode = [
  ["Data", ["data/", "node/loadData", "node/idx", "node/cache"]],
  ["Fetching data", ["node/datasets", "node/download", "node/fetchDataset", "node/verifyDataset"]],
  ["Models and checkpoints", ["node/modelFile", "node/checkpointFolder"]],
  ["Files and the machine", ["node/"]],
];

/**
 * Pages in their order. `entry`: the module, within the package's `dist/`. `of`: a page that has all of its names already, so that
 * this one only lists them.
 */
export const pages = [
  {
    name: "unravel-cnn",
    folder: "core",
    entry: "index",
    themes: core,
    about: "Runs anywhere: Node, browsers, workers, Deno, Bun. No dependency.",
  },
  {
    name: "unravel-cnn/training",
    folder: "core",
    entry: "training/index",
    of: "unravel-cnn",
    about: "The part of `unravel-cnn` that a training needs, which is loaded sooner.",
  },
  {
    name: "unravel-cnn/node",
    folder: "core",
    entry: "node/index",
    themes: inNode,
    about: "What needs files: Node, Deno or Bun.",
  },
  {
    name: "unravel-files",
    folder: "files",
    entry: "index",
    themes: files,
    about: "Pictures of classes as labelled images, wherever JavaScript runs.",
  },
  {
    name: "unravel-files/node",
    folder: "files",
    entry: "node/index",
    themes: files,
    about: "Folders, archives and tables of pictures, in Node.",
  },
];
