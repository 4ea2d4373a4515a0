import { homedir, platform } from "node:os";
import { join } from "node:path";

/**
 * The folder for what can be had again: `$XDG_CACHE_HOME/unravel` (an absolute path) or `~/.cache/unravel` on Linux,
 * `~/Library/Caches/unravel` on macOS, `%LOCALAPPDATA%\unravel\Cache` on Windows.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (platform() === "darwin") return join(homedir(), "Library", "Caches", "unravel");
  if (platform() === "win32") {
    return join(env.LOCALAPPDATA || join(homedir(), "AppData", "Local"), "unravel", "Cache");
  }
  const xdg = env.XDG_CACHE_HOME;
  return join(xdg?.startsWith("/") ? xdg : join(homedir(), ".cache"), "unravel");
}
