import { defineConfig } from "vitest/config";
import { built } from "./test/support/built.js";
import LongestFirst from "./test/support/longestFirst.js";

const all = ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"];
/** What is tested in a browser. */
const pages = [
  "packages/explorer/test/**/*.test.ts",
  "packages/files/test/browser/**/*.test.ts",
  "test/browser.test.ts",
  "test/ownImages.test.ts",
  "test/report.test.ts",
  "test/scalingPicture.test.ts",
  "test/webgpu.test.ts",
];
/** What is tested as a whole in the long tests alone. */
const long = process.env.UNRAVEL_LONG === "1" ? [] : ["**/*.long.test.ts"];
/** They put something in the place of a module, which must not be seen by others. */
const mocked = ["packages/core/test/node/fetchDataset.test.ts"];

export default defineConfig({
  test: {
    // one process tests many files, so that what they import is loaded once, and those with a browser share it
    isolate: false,
    projects: [
      {
        extends: true,
        plugins: [built()],
        test: { name: "pages", include: pages, exclude: long, setupFiles: ["./test/support/typedArrays.ts"] },
      },
      {
        extends: true,
        plugins: [built()],
        test: {
          name: "others",
          include: all,
          exclude: [...pages, ...mocked, ...long],
          setupFiles: ["./test/support/nodeWorker.ts", "./test/support/typedArrays.ts"],
        },
      },
      { extends: true, test: { name: "mocked", include: mocked, isolate: true } },
    ],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 3, // on two cores, the default is one; but tests often wait for processes and browsers
    server: { deps: { external: [/\/packages\/\w+\/(dist|bundle)\//] } }, // as Node itself loads what was built
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/support/tally.ts"],
  },
});
