import { defineConfig } from "vitest/config";
import LongestFirst from "./test/support/longestFirst.js";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 120_000,
    maxWorkers: 2, // on two cores, the default is one
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/support/tally.ts"],
  },
});
