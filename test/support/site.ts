import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { webServer } from "./webServer.js";

/** The file of an address; undefined: there is none. */
type Files = (path: string) => Promise<string | Uint8Array | undefined>;

const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** What makes a page cross-origin isolated, so that it may share memory between threads. */
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Serves a site for one test, or until what `whenDone` gets is called. Returns its address. */
export async function serveSite(
  files: Files,
  isolated: boolean,
  whenDone?: (close: () => void) => void,
): Promise<string> {
  const { url } = await webServer(async (request, response) => {
    const asked = new URL(request.url ?? "/", "http://127.0.0.1").pathname;
    const path = asked === "/" ? "/index.html" : asked;
    const content = await files(path).catch(() => undefined);
    response.writeHead(content === undefined ? 404 : 200, {
      "content-type": types[extname(path)] ?? "application/octet-stream",
      ...(isolated && isolation),
    });
    response.end(content);
  }, whenDone);
  return url;
}

/** The files in a folder. */
export function filesIn(folder: URL): Files {
  return (path) => readFile(new URL(`.${path}`, folder));
}
