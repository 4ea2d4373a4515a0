// Compares the compiled engine with the textbook on as many random networks as one likes:
//   node scripts/fuzz-engine.mjs --count 2000 --seed 7
// Build first (npm run build). A failure prints the smallest network that shows it, and the seed that finds it again.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
  },
});
for (const [name, value] of Object.entries(values)) {
  if (!/^\d+$/.test(value)) {
    console.error(`--${name} must be a whole number, not "${value}".`);
    process.exit(2);
  }
}
console.log(`${values.count} networks, seed ${values.seed}`);
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const child = spawn(process.execPath, [vitest, "run", "packages/core/test/engineFuzz.test.ts"], {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  env: { ...process.env, FUZZ_COUNT: values.count, FUZZ_SEED: values.seed },
  stdio: "inherit",
});
child.on("close", (code) => process.exit(code ?? 1));
