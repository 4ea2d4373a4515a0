import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 120_000,
    maxWorkers: 2, // on two cores, the default is one
    reporters: ["default", "./test/support/tally.ts"],
  },
});
