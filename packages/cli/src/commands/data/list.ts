import type { Command } from "commander";
import { datasetNames, sources } from "unravel-cnn";
import { type FileState, verifyDataset } from "unravel-cnn/node";
import { megabytes } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { table } from "../../terminal/table.js";

interface Entry {
  readonly name: string;
  readonly title: string;
  /** "drawn" for the digits that the program draws. */
  readonly state: FileState | "drawn";
  /** Null if it isn't on this machine. */
  readonly folder: string | null;
  /** Of the files on this machine; null if there are none. */
  readonly bytes: number | null;
  /** Of the whole download; 0 for the drawn digits. */
  readonly downloadBytes: number;
}

export function defineList(command: Command): void {
  command
    .description(
      "Lists the data sets that have names: whether they are here, where, and whether they are whole.",
    )
    .option("--json", "print the list as JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const entries = await list();
      const lines = table(
        [["data", "state", "size", "folder"], ...entries.map(row)],
        [false, false, true, false],
      );
      if (json) printJson(entries);
      else printLines(lines);
    });
}

async function list(): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const name of datasetNames) {
    const { title, files } = sources[name];
    const here = await verifyDataset(name);
    entries.push({
      name,
      title,
      state: here?.state ?? "missing",
      folder: here?.folder ?? null,
      bytes: here ? here.files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0) : null,
      downloadBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }
  entries.push({
    name: "digits",
    title: "drawn digits",
    state: "drawn",
    folder: null,
    bytes: null,
    downloadBytes: 0,
  });
  return entries;
}

function row({ name, state, folder, bytes, downloadBytes }: Entry): string[] {
  const size = state === "drawn" ? "-" : megabytes(bytes ?? downloadBytes);
  return [name, describe(state, folder !== null), size, folder ?? "-"];
}

function describe(state: Entry["state"], here: boolean): string {
  switch (state) {
    case "good":
      return "here, checksums right";
    case "unchecked":
      return "here, unpacked: sizes right, checksums not known";
    case "damaged":
      return "damaged";
    case "missing":
      return here ? "incomplete" : "not here";
    case "drawn":
      return "drawn by the program";
  }
}
