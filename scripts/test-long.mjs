/**
 * All tests with nothing left out: what `npm test` only draws a sample of (test/support/long.ts) is run as a whole. What
 * follows is for vitest: `npm run test:long -- packages/core`. The machine, the times and the counts go to docs/test-long.md.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir, totalmem } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const words = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "unravel-test-long-"));
const json = join(folder, "results.json");

const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
const reporters = ["default", "./test/support/tally.ts", "json"].flatMap((name) => ["--reporter", name]);
const started = performance.now();
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", ...reporters, `--outputFile.json=${json}`, ...words],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, UNRAVEL_LONG: "1" },
  },
);
const seconds = (performance.now() - started) / 1000;
if (existsSync(json)) {
  // a part of the tests says nothing of all of them
  if (words.length === 0) {
    writeFileSync(
      join(root, "docs", "test-long.md"),
      pageOf(JSON.parse(readFileSync(json, "utf8")), seconds),
    );
    console.log("Wrote docs/test-long.md");
  }
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = status ?? 1;

function pageOf({ testResults, numPassedTests, numFailedTests, numPendingTests }, seconds) {
  const files = testResults
    .map(({ name, startTime, endTime, assertionResults }) => ({
      file: relative(root, name).replaceAll("\\", "/"),
      tests: assertionResults.length,
      seconds: (endTime - startTime) / 1000,
    }))
    .sort((a, b) => b.seconds - a.seconds);
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter((one) => one.status === "failed").map((one) => `- ${one.fullName}`),
  );
  const machine = `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const mnist = existsSync(join(process.env.UNRAVEL_DATA ?? "", "mnist")) ? "with" : "without";
  return `# The long tests

\`npm run test:long\`, ${new Date().toISOString().slice(0, 10)}, ${mnist} MNIST. ${machine}; Node ${process.versions.node}, ${process.platform}.

${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped, in ${clock(seconds)}.
${failed.length === 0 ? "" : `\nFailed:\n\n${failed.join("\n")}\n`}
The files that took longest; several ran at a time:

| file | tests | seconds |
|---|---|---|
${files
  .slice(0, 20)
  .map(({ file, tests, seconds }) => `| ${file} | ${tests} | ${seconds.toFixed(1)} |`)
  .join("\n")}
`;
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
