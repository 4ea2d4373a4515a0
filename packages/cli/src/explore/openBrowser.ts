import { spawn } from "node:child_process";

/** Asks the system to show an address. Where it can't, nothing happens: the address has been printed. */
export function openBrowser(url: string): void {
  const [command, ...words] =
    process.platform === "darwin"
      ? ["open", url]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", url]
        : ["xdg-open", url];
  const child = spawn(command, words, { stdio: "ignore", detached: true });
  child.on("error", () => {});
  child.unref();
}
