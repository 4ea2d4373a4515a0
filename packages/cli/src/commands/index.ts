import type { LazyCommand } from "../lazy.js";

/** The program's commands, in the order of its help. */
export const commands: readonly LazyCommand[] = [
  {
    name: "train",
    summary: "train a network and say how good it is",
    load: async () => (await import("./train/index.js")).defineTrain,
  },
  {
    name: "evaluate",
    summary: "measure a trained network on a test set",
    load: async () => (await import("./evaluate.js")).defineEvaluate,
  },
  {
    name: "predict",
    summary: "say what is in pictures",
    load: async () => (await import("./predict.js")).definePredict,
  },
  {
    name: "export",
    summary: "write a network for other programs, or as a program",
    load: async () => (await import("./export.js")).defineExport,
  },
  {
    name: "import",
    summary: "read a network that another program wrote",
    load: async () => (await import("./import.js")).defineImport,
  },
  {
    name: "recipes",
    summary: "list settings that reach published results",
    load: async () => (await import("./recipes.js")).defineRecipes,
  },
  {
    name: "sweep",
    summary: "train many networks, and find the best",
    load: async () => (await import("./sweep/index.js")).defineSweep,
  },
  {
    name: "worker",
    summary: "do trials of sweeps for other machines",
    load: async () => (await import("./worker.js")).defineWorker,
  },
  {
    name: "summary",
    summary: "show layers, shapes, parameters and cost",
    load: async () => (await import("./summary.js")).defineSummary,
  },
  {
    name: "inspect",
    summary: "show what the compiler makes of a network",
    load: async () => (await import("./inspect.js")).defineInspect,
  },
  {
    name: "explain",
    summary: "show a picture's way through a network and back",
    load: async () => (await import("./explain/index.js")).defineExplain,
  },
  {
    name: "gradcheck",
    summary: "compare a network's gradients with measured slopes",
    load: async () => (await import("./gradcheck/index.js")).defineGradcheck,
  },
  {
    name: "check",
    summary: "find the mistake in your own forward and backward pass",
    load: async () => (await import("./check/index.js")).defineCheck,
  },
  {
    name: "explore",
    summary: "open a page that shows every number of a network",
    load: async () => (await import("./explore.js")).defineExplore,
  },
  {
    name: "data",
    summary: "see, fetch and verify data sets",
    load: async () => (await import("./data/index.js")).defineData,
  },
  {
    name: "bench",
    summary: "measure how fast this machine trains",
    load: async () => (await import("./bench/index.js")).defineBench,
  },
  {
    name: "scaling",
    summary: "measure what the time of an epoch depends on",
    load: async () => (await import("./scaling/index.js")).defineScaling,
  },
];
