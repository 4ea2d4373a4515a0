/**
 * Builds what a package holds before npm packs it: as `npm run compile`, but without npm, which would look for that script in
 * the workspace that is packed.
 */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(fileURLToPath(import.meta.url), "..", "..");
const run = (...words) => execFileSync(process.execPath, words, { cwd: root, stdio: ["ignore", 2, 2] });

run(join(root, "node_modules", "typescript", "bin", "tsc"), "-b");
run(join(root, "scripts", "bundle.mjs"));
