import { type TestContext, test } from "vitest";
import { Firefox, firefoxProgram } from "./firefoxDriver.js";

/** `test`, skipped with a counted line where there is no Firefox. */
export function testInFirefox(name: string, run: (firefox: Firefox) => Promise<void>): void {
  test(name, async (context: TestContext) => {
    if (!firefoxProgram)
      return context.skip("no Firefox is installed; set UNRAVEL_FIREFOX to the program of one");
    const firefox = await Firefox.start(firefoxProgram);
    try {
      await run(firefox);
    } finally {
      await firefox.close();
    }
  });
}
