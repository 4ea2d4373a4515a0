import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { FailureError, formatModel } from "unravel-cnn";
import type { LoadedModel } from "../model.js";
import type { Content } from "./content.js";

/**
 * What is served: the bytes of each path, as it stands in an address (`/assets/index.js`); or how to open them when they
 * are asked for, undefined if there are none.
 */
export type Site = ReadonlyMap<string, Uint8Array | (() => Promise<Content | undefined>)>;

/**
 * All files of a folder and the folders in it, in memory, so that nothing else can be asked for. Symbolic links are left out.
 */
export async function siteIn(folder: string): Promise<Site> {
  const site = new Map<string, Uint8Array>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const address = path.slice(folder.length).replaceAll("\\", "/");
    site.set(address, await readFile(path));
  }
  const index = site.get("/index.html");
  if (index) site.set("/", index);
  return site;
}

/**
 * The page as it was built.
 * @throws FailureError if it wasn't
 */
export async function pageSite(): Promise<Site> {
  const folder = join(
    dirname(createRequire(import.meta.url).resolve("unravel-explorer/package.json")),
    "dist",
  );
  const site = await siteIn(folder).catch(() => new Map());
  if (!site.has("/")) throw new FailureError("The page has not been built yet; run npm run build first.");
  return site;
}

/** The site, and the network that the page is to open with. */
export function withNetwork(site: Site, { title, trained, model, parameters }: LoadedModel): Site {
  const about = new TextEncoder().encode(JSON.stringify({ title, trained }));
  return new Map([
    ...site,
    ["/served/network.json", about],
    ["/served/network.safetensors", formatModel({ model, parameters })],
  ]);
}
