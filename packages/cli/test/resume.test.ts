import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { few, LONG } from "../../../test/support/long.js";
import { testIfPresent } from "../../../test/support/needs.js";
import { everyOption } from "../src/commands/train/options.js";
import { expectNoTrace, expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { startUntil } from "./support/interrupts.js";
import { useShapes } from "./support/shapes.js";

/*
 * `train --checkpoint` and `--resume`, the best epoch, and the files that tell of a training.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes", { train: 200, test: 60 });
const others = useShapes(scratch, "others", { train: 210, test: 60 });

const testWithSignals = testIfPresent(process.platform !== "win32", "Windows has no signals");

/** What a training says for programs, without times and what may be another the next time. */
async function figures(...args: string[]) {
  const { stdout } = await succeed(["train", "--json", ...args]);
  const { trainSeconds, totalSeconds, gflops, computedGflops, peakGflops, out, threads, ...rest } =
    JSON.parse(stdout);
  const epochs = rest.epochs.map(({ seconds, imagesPerSecond, ...record }: Record<string, number>) => record);
  return { ...rest, epochs };
}

describe("stop and go on", () => {
  testWithSignals("Ctrl-C keeps the training, and --resume ends with the same bits and figures", async () => {
    const args = [
      "--epochs",
      few("30", "60"),
      "--filters",
      "4",
      "--keep",
      "best",
      "--label-smoothing",
      "0.1",
    ];
    const whole = await figures(...data(), ...args, "--out", scratch("whole.safetensors"));
    const [kept, out] = [scratch("kept"), scratch("kept.safetensors")];
    const { child, end } = await startUntil(
      ["train", ...data(), ...args, "--out", out, "--checkpoint", kept],
      /^Epoch 2\/\d0 +loss/m,
    );
    child.kill("SIGINT");
    const { code, stdout, stderr } = await end;

    expect([code, stdout]).toEqual([130, ""]);
    expectNoTrace(stderr);
    const interrupted = scratch("kept.interrupted.safetensors");
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(
      `unravel: interrupted; what was learnt so far is in ${interrupted}, and the training is kept in ${kept} (go on with --resume ${kept}).`,
    );
    expect(await readdir(kept)).toEqual(["checkpoint.safetensors"]);
    expect(await figures("--resume", kept, "--out", out, "--threads", "3")).toEqual(whole);
    expect((await readFile(out)).equals(await readFile(scratch("whole.safetensors")))).toBe(true);
    // it has ended: nothing is left to do but to test again
    expect(await figures("--resume", kept)).toEqual(whole);
    // and its folder may be used for another training
    await succeed(["train", ...data(), "--epochs", "1", "--checkpoint", kept, "--quiet"]);
  });

  test("what differs is named, whether by the options or by what they mean", async () => {
    const kept = scratch("refused");
    await succeed(["train", ...data(), "--epochs", "2", "--checkpoint", kept, "--quiet"]);
    const refused = async (message: RegExp, ...args: string[]) =>
      expectRefusal(await unravel(["train", "--resume", kept, ...args]), 2, message);
    await refused(/its training has --epochs 2, but --epochs 3 is given/, "--epochs", "3");
    await refused(/its training has no --learning-rate, but --learning-rate 0.5/, "--learning-rate", "0.5");
    await refused(/its training has --optimizer adam, but --optimizer sgd/, "--optimizer", "sgd");
    await refused(/of its data, images is 200 in it, and 210 here/, ...others());
    await refused(/of its network, layers/, "--model", "lenet5");
    const file = scratch("refused", "checkpoint.safetensors");
    const bytes = await readFile(file);
    bytes[bytes.length - 100] ^= 4;
    await writeFile(file, bytes);
    const anew = await unravel(["train", ...data(), "--checkpoint", kept]);
    expectRefusal(
      anew,
      2,
      /holds a checkpoint that can't be read: remove .*checkpoint\.safetensors, or give/,
    );
    await refused(/checkpoint\.safetensors: it is damaged: its checksum/);
    await rm(file);
    await refused(/there is no checkpoint in it to go on from/);
    expectRefusal(await unravel(["train", "--resume", scratch("nowhere")]), 2, /there is no such folder/);
  });

  testWithSignals("a training that isn't over is not written over", async () => {
    const kept = scratch("unfinished");
    const args = ["train", ...data(), "--epochs", "100000", "--checkpoint", kept];
    const { child, end } = await startUntil(args, /^Epoch 1\/100000 +loss/m);
    child.kill("SIGTERM");
    expect(await end).toMatchObject({ code: 143 });
    expectRefusal(await unravel(args), 2, /holds a training that isn't over: go on with --resume/);
    if (!LONG) return;
    // elsewhere it may go on, and the old one stays
    await cp(kept, scratch("copy"), { recursive: true });
    const again = ["train", "--resume", kept, "--checkpoint", scratch("elsewhere")];
    const next = await startUntil(
      again,
      /^Resumed {3}after \d+ of 100000 epochs[\s\S]*^Epoch \d+\/100000 +loss/m,
    );
    next.child.kill("SIGINT");
    expect((await next.end).stderr).toMatch(/the training is kept in .*elsewhere/);
    const name = "checkpoint.safetensors";
    expect(await readFile(scratch("copy", name))).toEqual(await readFile(scratch("unfinished", name)));
  });

  test("--every alone has nothing to say", async () => {
    expectRefusal(
      await unravel(["train", ...data(), "--every", "1epoch"]),
      2,
      /give --checkpoint FOLDER, too/,
    );
  });

  test("a folder that can't be made is refused before anything is done", async () => {
    await writeFile(scratch("file"), "");
    const result = await unravel(["train", ...data(), "--checkpoint", scratch("file")]);
    expectRefusal(result, 2, /The folder .*file for checkpoints can't be made/);
  });

  test.each([
    ["60s", { seconds: 60 }],
    ["1.5min", { seconds: 90 }],
    ["1epoch", { epochs: 1 }],
    ["3 epochs", { epochs: 3 }],
    ["200steps", { steps: 200 }],
    ["1 step", { steps: 1 }],
  ])("--every %s", (text, every) => {
    expect(everyOption(text)).toEqual(every);
  });

  test.each(["60", "0s", "1.5epochs", "epoch", "5 hours", "60ss", "1e400s", ""])(
    "--every %j is refused",
    (text) => {
      expect(() => everyOption(text)).toThrow(/--every must be a time, or a number of epochs or steps/);
    },
  );
});

describe("the best epoch, and files that tell of a training", () => {
  const args = ["--epochs", "9", "--learning-rate", "0.1", "--schedule", "constant"];

  test("--keep best --patience 2 --history --plot", async () => {
    const [table, file, plot] = [scratch("run.csv"), scratch("run.json"), scratch("run.svg")];
    const best = [...data(), ...args, "--keep", "best", "--patience", "2"];
    const { stdout, stderr } = await succeed([
      ...["train", ...best, "--json", "--history", table, "--plot", plot],
    ]);
    const { epochs, keptEpoch, stoppedEarly } = JSON.parse(stdout);
    const losses = epochs.map(({ valLoss }: { valLoss: number }) => valLoss);
    expect(keptEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
    expect(stoppedEarly).toBe(epochs.length < 9);
    expect(stderr).toContain(
      "Best      keeps the best epoch, ends after 2 epochs without a better one, judged on a tenth of the training images\n",
    );
    expect(stderr).toContain(`Kept      epoch ${keptEpoch}, validation `);

    const [head, ...rows] = (await readFile(table, "utf8")).trimEnd().split("\n");
    expect(head).toBe("epoch,loss,accuracy,valLoss,valAccuracy,seconds,imagesPerSecond");
    expect(rows.map((row) => row.split(",").slice(0, 5).map(Number))).toEqual(
      epochs.map((record: Record<string, number>, k: number) => [
        ...[k + 1, record.loss, record.accuracy, record.valLoss, record.valAccuracy],
      ]),
    );
    const svg = await readFile(plot, "utf8");
    expect(svg).toMatch(/^<svg [^>]*class="unravel-history"/);
    expect(svg.match(/class="dot-training"/g)).toHaveLength(2 * epochs.length);
    expect(svg.match(/class="dot-validation"/g)).toHaveLength(2 * epochs.length);
    expect(svg).toContain(`epoch ${keptEpoch}, which was kept`);

    // files of its own kind are replaced, others not
    await succeed(["train", ...data(), "--epochs", "1", "--quiet", "--history", file, "--plot", plot]);
    const { epochs: kept, ...about } = JSON.parse(await readFile(file, "utf8"));
    expect(about).toMatchObject({ unravel: "history", data: "shapes", seed: 0, keptEpoch: 1 });
    expect(kept).toMatchObject([{ valLoss: null }]);
    await writeFile(file, '{"mine": 1}');
    const result = await unravel(["train", ...data(), "--epochs", "1", "--history", file]);
    expectRefusal(result, 2, /run\.json is there already and is not a training's history that unravel wrote/);
  });

  test("no images are set aside where that is asked for, and needed", async () => {
    const result = await unravel(["train", ...data(), "--keep", "best", "--validation", "0"]);
    expectRefusal(result, 2, /keep: "best" needs validation images, but validation is 0/);
  });
});

describe("--find-rate", () => {
  test("says which rate to take, draws it, and trains nothing", async () => {
    const plot = scratch("rates.svg");
    const { stdout } = await succeed(["train", ...data(), "--find-rate", "--plot", plot]);
    const last = stdout.trimEnd().split("\n").at(-1) as string;
    const [, rate] =
      /^Suggested: --learning-rate ([\d.e-]+); the loss is the smallest at [\d.e-]+(, and is absurd from [\d.e-]+ on)?$/.exec(
        last,
      ) as RegExpExecArray;
    const { stdout: json } = await succeed(["train", ...data(), "--find-rate", "--json", "--threads", "1"]);
    const found = JSON.parse(json);
    expect(Number(found.suggested.toPrecision(2))).toBe(Number(rate));
    expect(found.trials[0]).toMatchObject({ rate: 1e-5 });
    const svg = await readFile(plot, "utf8");
    expect(svg).toMatch(/^<svg [^>]*class="unravel-rates"/);
    expect(svg).toContain(`suggested: ${found.suggested.toPrecision(2)}`);
  });

  test.each(["--out m.safetensors", "--checkpoint run", "--learning-rate 0.1", "--ema 0.9"])(
    "not with %s",
    async (option) => {
      const result = await unravel(["train", ...data(), "--find-rate", ...option.split(" ")], {
        cwd: scratch(),
      });
      expectRefusal(result, 2, /^--find-rate only tries learning rates and keeps nothing; leave --/);
    },
  );
});
