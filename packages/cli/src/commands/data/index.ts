import type { Command } from "commander";
import { addCommands, type LazyCommand } from "../../lazy.js";

const commands: readonly LazyCommand[] = [
  {
    name: "list",
    summary: "which data sets are here (also without a subcommand)",
    isDefault: true,
    load: async () => (await import("./list.js")).defineList,
  },
  {
    name: "fetch",
    summary: "download a data set",
    load: async () => (await import("./fetch.js")).defineFetch,
  },
  {
    name: "verify",
    summary: "compare files with their published checksums",
    load: async () => (await import("./verify.js")).defineVerify,
  },
  {
    name: "describe",
    summary: "classes, counts, sizes, and what looks wrong",
    load: async () => (await import("./describe.js")).defineDescribe,
  },
  {
    name: "sheet",
    summary: "write a picture with many of the images",
    load: async () => (await import("./sheet.js")).defineSheet,
  },
];

export async function defineData(command: Command, args: readonly string[]): Promise<void> {
  command.description("Says which data sets are here, fetches them, verifies them, and shows their images.");
  await addCommands(command, commands, args);
}
