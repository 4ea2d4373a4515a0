// Compares the compiled engine with the textbook on as many random networks as one likes:
//   node scripts/fuzz-engine.mjs --count 2000 --seed 7
// Build first (npm run build). A failure prints the smallest network that shows it, and the seed that finds it again.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readArguments } from "./arguments.mjs";

const { count, seed } = readArguments({ count: 1000, seed: Date.now() % 2 ** 31 });
console.log(`${count} networks, seed ${seed}`);
const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
const child = spawn(process.execPath, [vitest, "run", "packages/core/test/engine/engineFuzz.test.ts"], {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  env: { ...process.env, FUZZ_COUNT: count, FUZZ_SEED: seed },
  stdio: "inherit",
});
child.on("close", (code) => process.exit(code ?? 1));
