import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** Runs a test that reads FUZZ_COUNT and FUZZ_SEED, with --count and --seed from the command line. */
export function fuzz({ test, count, things }) {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: String(count) },
      seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    },
  });
  for (const [name, value] of Object.entries(values)) {
    if (!/^\d+$/.test(value)) {
      console.error(`--${name} must be a whole number, not "${value}".`);
      process.exit(2);
    }
  }
  console.log(`${values.count} ${things}, seed ${values.seed}`);
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  const child = spawn(process.execPath, [vitest, "run", test], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { ...process.env, FUZZ_COUNT: values.count, FUZZ_SEED: values.seed },
    stdio: "inherit",
  });
  child.on("close", (code) => process.exit(code ?? 1));
}
