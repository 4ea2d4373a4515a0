import { defineConfig } from "vitest/config";
import LongestFirst from "./test/support/longestFirst.js";

const pages = "packages/explorer/test/**/*.test.ts";

export default defineConfig({
  test: {
    projects: [
      // one process tests many files, so that they share its browser and the windows in it
      { extends: true, test: { name: "pages", include: [pages], isolate: false } },
      {
        extends: true,
        test: {
          name: "others",
          include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
          exclude: [pages],
        },
      },
    ],
    testTimeout: 120_000,
    maxWorkers: 3, // on two cores, the default is one; but tests often wait for processes and browsers
    server: { deps: { external: [/\/packages\/\w+\/(dist|bundle)\//] } }, // as Node itself loads what was built
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/support/tally.ts"],
  },
});
