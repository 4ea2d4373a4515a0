import type { Reporter, TestModule } from "vitest/node";

/** After the tests: one line for each reason why tests were skipped, and one line with the counts. */
export default class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const reasons = new Map<string, number>();
    for (const module of modules) {
      // a file that can't even begin: its tests count as skipped, the file as failed
      if (module.state() === "failed" && module.errors().length > 0) counts.failed += 1;
      for (const suite of module.children.allSuites()) {
        if (suite.state() === "failed" && suite.errors().length > 0) counts.failed += 1;
      }
      for (const test of module.children.allTests()) {
        const result = test.result();
        counts[result.state] += 1;
        if (result.state !== "skipped") continue;
        const reason = result.note ?? "no reason was given";
        reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
    for (const [reason, count] of reasons) console.log(`${count} skipped: ${reason}`);
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}
