import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { vi } from "vitest";
import { testIfPresent } from "../../../../test/support/needs.js";
import { startProcess } from "../../../../test/support/processes.js";

/* Redis servers of tests' own. */

/** Skipped, and counted as such, where there is no server. */
export const testWithRedis = testIfPresent(
  spawnSync("redis-server", ["--version"]).status === 0,
  "there is no redis-server here; Debian's package redis-server has it",
);

/** A port of the loopback that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A server on the loopback that keeps on its disk what it has said yes to. */
export async function startRedis(folder: string, port: number) {
  await mkdir(folder, { recursive: true });
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const child = startProcess("redis-server", [...args, "--appendonly", "yes", "--appendfsync", "always"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  child.stdout?.on("data", (text: Buffer) => {
    said += text;
  });
  await vi.waitUntil(() => said.includes("Ready to accept connections"), { timeout: 20_000, interval: 10 });
  return child;
}
