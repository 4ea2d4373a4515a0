import { afterAll, type TestContext, test } from "vitest";
import { Firefox, firefoxProgram } from "./firefoxDriver.js";

/** One for all tests of a file: starting it takes longer than what they do. */
let shared: Promise<Firefox> | undefined;

/** `test`, skipped with a counted line where there is no Firefox. */
export function testInFirefox(name: string, run: (firefox: Firefox) => Promise<void>): void {
  test(name, async (context: TestContext) => {
    if (!firefoxProgram)
      return context.skip("no Firefox is installed; set UNRAVEL_FIREFOX to the program of one");
    shared ??= Firefox.start(firefoxProgram);
    await run(await shared);
  });
}

/** To be called once in a file with such tests. */
export function closeFirefox(): void {
  afterAll(async () => {
    const started = shared;
    shared = undefined;
    await (await started)?.close();
  });
}
