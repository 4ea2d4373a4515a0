// Compares the compiled engine with the textbook on as many random networks as one likes:
//   node scripts/fuzz-engine.mjs --count 2000 --seed 7
// Build first (npm run build). A failure prints the smallest network that shows it, and the seed that finds it again.
import { fuzz } from "./fuzz.mjs";

fuzz({ test: "packages/core/test/engineFuzz.test.ts", count: 1000, things: "networks" });
