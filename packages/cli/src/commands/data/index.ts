import type { Command } from "commander";
import { addFetch } from "./fetch.js";
import { addList } from "./list.js";
import { addSheet } from "./sheet.js";
import { addVerify } from "./verify.js";

export function addData(program: Command): void {
  const data = program
    .command("data")
    .summary("see, fetch and verify data sets")
    .description("Says which data sets are here, fetches them, verifies them, and shows their images.");
  for (const add of [addList, addFetch, addVerify, addSheet]) add(data);
}
