import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readArguments } from "./arguments.mjs";

/** Runs a test that reads FUZZ_COUNT and FUZZ_SEED, with --count and --seed from the command line. */
export function fuzz({ test, count, things }) {
  const values = readArguments({ count, seed: Date.now() % 2 ** 31 });
  console.log(`${values.count} ${things}, seed ${values.seed}`);
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  const child = spawn(process.execPath, [vitest, "run", test], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { ...process.env, FUZZ_COUNT: values.count, FUZZ_SEED: values.seed },
    stdio: "inherit",
  });
  child.on("close", (code) => process.exit(code ?? 1));
}
