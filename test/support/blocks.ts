import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");

/** A page of the repository, by its path in it. */
export function textOf(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

/** A piece of code in a page. */
export interface Block {
  readonly page: string;
  /** As it stands after the three backquotes. */
  readonly language: string;
  readonly code: string;
  /** The block of `text` that follows at once: what the code prints. */
  readonly shown: string;
}

/** The pieces of code in a page, in order. */
export function blocksOf(page: string): Block[] {
  const found = [...textOf(page).matchAll(/^```(\w+)\n(.*?)^```\n/gms)];
  return found.map(([whole, language, code], k) => {
    const after = found[k + 1];
    const follows = after?.[1] === "text" && after.index === (found[k].index ?? 0) + whole.length + 1;
    return { page, language, code, shown: follows ? after[2] : "" };
  });
}

/** A folder for one test, inside the repository, so that `unravel-cnn` resolves to the built package. */
export function folderInside(): string {
  mkdirSync(join(ROOT, "node_modules", ".tmp"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "node_modules", ".tmp", "docs-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs blocks one after the other, as one program. Returns what each printed. */
export async function runAsOne(blocks: readonly Block[]): Promise<{ printed: string[]; stderr: string }> {
  const file = join(folderInside(), "program.mjs");
  writeFileSync(file, blocks.map(({ code }, k) => `${code}console.log("end of block ${k}");\n`).join(""));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file]);
  return { printed: stdout.split(/^end of block \d+\n/m), stderr };
}
