import { defineConfig } from "vitest/config";
import LongestFirst from "./test/support/longestFirst.js";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 120_000,
    maxWorkers: 3, // on two cores, the default is one; but tests often wait for processes and browsers
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/support/tally.ts"],
  },
});
