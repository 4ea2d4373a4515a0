import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/**
 * A Python that has a module, if there is one. The module is looked for, not loaded: that takes a second for some, and each
 * process of the tests asks.
 */
export function pythonWith(module: string): string | undefined {
  const program = `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`;
  return ["/usr/bin/python3", "python3", "python"].find((python) => {
    if (python.startsWith("/") && !existsSync(python)) return false;
    try {
      execFileSync(python, ["-c", program], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  });
}
