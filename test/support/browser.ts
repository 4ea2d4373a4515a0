import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { LONG } from "./long.js";
import { testIfPresent } from "./needs.js";

/*
 * A real browser: `$UNRAVEL_BROWSER`, else an installed Chromium, Chrome or Edge. `npm test` takes Chromium without its
 * windows where that is installed: the same engine, which opens pages in a third of the time. `npm run test:long` takes the
 * browser that people have, if there is one.
 */

const withoutWindows = ["chromium-headless-shell", "chrome-headless-shell"];

const names = [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
  "microsoft-edge",
  "microsoft-edge-stable",
];

const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");

/** Where macOS and Windows install them. */
const elsewhere = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  ...[process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"]].flatMap((root) =>
    root
      ? [
          join(root, "Google", "Chrome", "Application", "chrome.exe"),
          join(root, "Microsoft", "Edge", "Application", "msedge.exe"),
        ]
      : [],
  ),
];

const inFolders = (programs: readonly string[]) =>
  folders.flatMap((folder) => programs.map((name) => join(folder, name)));
const whole = [...inFolders(names), ...elsewhere];
const small = inFolders(withoutWindows);

export const browserProgram: string | undefined =
  process.env.UNRAVEL_BROWSER || (LONG ? [...whole, ...small] : [...small, ...whole]).find(existsSync);

export const testInBrowser = testIfPresent(
  browserProgram !== undefined,
  "no Chromium, Chrome or Edge is installed; set UNRAVEL_BROWSER to the program of one",
);

export const browserFlags: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  // WebGPU without a GPU: SwiftShader computes on the processor
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  // other machines are not to be found, which costs less than a page whose requests wait for this process to look at them
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser: Browser | undefined;

/** A page at this address, in a window of its own. The browser stays for as long as the process, and all tests in it. */
export async function openPage(url: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await (await start()).newPage(options);
  await page.goto(url);
  return page;
}

/** A page that hasn't gone anywhere yet. */
export async function emptyPage(options: BrowserContextOptions = {}): Promise<Page> {
  return (await start()).newPage(options);
}

async function start(): Promise<Browser> {
  browser ??= await launch([]);
  return browser;
}

/**
 * A browser of its own with a camera that plays a file (.y4m), as it is when the camera starts; or with so many cameras that show a
 * pattern. Nobody is asked whether a page may use them. It must be closed.
 */
export function browserWithCamera(camera: string | number): Promise<Browser> {
  return launch([
    "--use-fake-ui-for-media-stream",
    ...(typeof camera === "number"
      ? [`--use-fake-device-for-media-stream=device-count=${camera}`]
      : ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${camera}`]),
  ]);
}

function launch(flags: readonly string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: browserProgram as string,
    headless: true,
    args: [...browserFlags, ...flags],
    // signals in this process are what other files test; the browser ends with the process all the same
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}
