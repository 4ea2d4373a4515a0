import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "vitest";

/**
 * `test` for what needs something that a machine may lack: skipped with a counted reason there, but failed where CI is
 * set, because CI must have everything.
 */
function testIf(present: boolean, reason: string) {
  return (name: string, run: (context: TestContext) => unknown, timeout?: number) =>
    test(
      name,
      async (context) => {
        if (!present && !process.env.CI) context.skip(reason);
        if (!present) throw new Error(`CI must run this test: ${reason}`);
        await run(context);
      },
      timeout,
    );
}

/** Real MNIST, in `$UNRAVEL_DATA/mnist`. */
export const testWithMnist = testIf(
  existsSync(join(process.env.UNRAVEL_DATA ?? "", "mnist", "train-images-idx3-ubyte.gz")),
  "real MNIST is not here; set UNRAVEL_DATA to the folder that holds mnist/",
);

/** Python 3 with NumPy, as Debian installs it. */
export const testIfPresent = testIf;
