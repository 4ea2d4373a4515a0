import { writeFile } from "node:fs/promises";
import { formatModel, parseModel } from "unravel-cnn";
import { describe, expect, test } from "vitest";
import { testIfPresent } from "../../../test/support/needs.js";
import { smallModel } from "../../core/test/support/smallModel.js";
import {
  ended,
  expectNoTrace,
  expectRefusal,
  scratchFolder,
  start,
  succeed,
  unravel,
} from "./support/cli.js";

const scratch = scratchFolder();

// Windows has no signals: there a process that is "killed" just ends.
const testWithSignals = testIfPresent(process.platform !== "win32", "Windows has no signals");

/** Starts the command and waits for its address; `stop` ends it by Ctrl-C. */
async function explore(...args: string[]) {
  const child = start(["explore", "--no-open", ...args], { cwd: scratch() });
  const end = ended(child);
  const url = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: string) => {
      text += chunk;
      const [line, rest] = text.split("\n");
      if (rest !== undefined) resolve(line);
    });
    end.then(({ stderr }) => reject(new Error(stderr)), reject);
  });
  return {
    url,
    stop: () => {
      child.kill("SIGINT");
      return end;
    },
  };
}

describe("unravel explore", () => {
  testWithSignals("serves the page until Ctrl-C", async () => {
    const { url, stop } = await explore();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const answer = await fetch(url);
    expect(await answer.text()).toContain("<title>unravel");
    expect((await fetch(`${url}served/network.json`)).status).toBe(404);

    const { code, stdout, stderr } = await stop();
    expect([code, stdout, stderr]).toEqual([0, `${url}\n`, "The page is there until Ctrl-C.\n"]);
    await expect(fetch(url)).rejects.toThrow();
  });

  testWithSignals("brings the network that it was given", async () => {
    const saved = smallModel();
    await writeFile(scratch("mine.safetensors"), formatModel(saved));
    const { url, stop } = await explore("mine.safetensors", "--quiet");
    const [root] = url.split("#");
    expect(url).toBe(`${root}#network=served`);
    const about = await (await fetch(`${root}served/network.json`)).json();
    expect(about).toEqual({ title: "mine.safetensors", trained: true });
    const bytes = new Uint8Array(await (await fetch(`${root}served/network.safetensors`)).arrayBuffer());
    expect(parseModel(bytes, "it").parameters).toEqual(saved.parameters);
    expect((await stop()).stderr).toBe("");
  });

  testWithSignals("--json, --seed and a built-in name: fresh weights, said to be untrained", async () => {
    const { url, stop } = await explore("one-conv", "--filters", "2", "--seed", "5", "--json");
    const [root] = JSON.parse(url).url.split("#");
    const about = await (await fetch(`${root}served/network.json`)).json();
    expect(about).toEqual({ title: "one-conv, 2 filters", trained: false });
    const { code, stderr } = await stop();
    expect([code, stderr]).toEqual([0, ""]);
  });

  testWithSignals("a port in use, a file that is not there: one sentence", async () => {
    const { url, stop } = await explore();
    const { port } = new URL(url);
    expectRefusal(
      await unravel(["explore", "--no-open", "--port", port]),
      2,
      /^Port \d+ can't be had: it is in use/,
    );
    expectNoTrace((await stop()).stderr);
    expectRefusal(
      await unravel(["explore", "--no-open", "none.safetensors"]),
      2,
      /none\.safetensors: there is no/,
    );
  });
});

test("its help fits 80 columns and gives examples", async () => {
  const { stdout } = await succeed(["explore", "--help"]);
  for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(stdout).toContain("\nExamples:\n");
  for (const option of ["port", "no-open", "filters", "seed", "json", "quiet", "help"]) {
    expect(stdout).toMatch(new RegExp(`^ {2}(-h, )?--${option}\\b`, "m"));
  }
});
