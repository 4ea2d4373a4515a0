import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";

/* `unravel export --to onnx` and `unravel import`. */

const at = scratchFolder();
const golden = (name: string) => new URL(`../../files/golden/onnx/${name}`, import.meta.url).pathname;

describe("there and back", () => {
  test("a network that was written comes back the same, byte by byte, as a model file", async () => {
    const cwd = at();
    writeFileSync(
      join(cwd, "net.json"),
      JSON.stringify({
        input: [1, 6, 6],
        layers: [
          { type: "conv2d", filters: 2, kernel: 3, padding: "same" },
          { type: "batchNorm2d" },
          { type: "silu", name: "act" },
          { type: "dropout", rate: 0.25 },
          { type: "flatten" },
          { type: "dense", units: 3 },
        ],
        classes: ["a", "b", "c"],
        normalize: { mean: [0.25], std: [0.5] },
        pictures: { size: [6, 6], fit: "contain", grey: true },
      }),
    );
    const { stdout } = await succeed(["export", "net.json", "--to", "onnx", "--pixels", "--softmax"], {
      cwd,
    });
    expect(stdout).toMatch(/^Wrote net\.onnx \([\d,]+ bytes\)\n$/);
    const first = await succeed(["import", "net.onnx"], { cwd });
    expect(first.stdout).toContain("Wrote net.imported.safetensors: 6 layers, 243 parameters");
    expect(first.stdout).toMatch(/conv1\.weight +conv1\.weight +as it is/);
    expect(first.stderr).toContain("The Softmax at its end was left out");
    await succeed(["export", "net.imported.safetensors", "--out", "again.onnx", "--pixels", "--softmax"], {
      cwd,
    });
    expect(readFileSync(join(cwd, "again.onnx"))).toEqual(readFileSync(join(cwd, "net.onnx")));
    // our own file may be replaced
    await succeed(["export", "net.json", "--out", "net.onnx"], { cwd });
    const { stdout: json } = await succeed(["import", "net.onnx", "--json", "--out", "b.safetensors"], {
      cwd,
    });
    expect(JSON.parse(json)).toMatchObject({
      parameters: 243,
      spec: {
        classes: ["a", "b", "c"],
        normalize: { mean: [0.25], std: [0.5] },
        pictures: { fit: "contain" },
      },
      remarks: [],
    });
  });

  test("PyTorch's network is read and can be used", async () => {
    const cwd = at();
    const out = join(cwd, "torch.safetensors");
    const { stdout, stderr } = await succeed(["import", golden("torch_residual.onnx"), "--out", out]);
    expect(stdout).toContain("13 layers");
    expect(stderr).toMatch(/taken to be pixels\s+from 0 to 1/);
    const summary = await succeed(["summary", out]);
    expect(summary.stdout).toContain("global average-pool");
  });
});

describe("what isn't done", () => {
  test("somebody else's file is not replaced", async () => {
    const cwd = at();
    const file = join(cwd, "theirs.onnx");
    writeFileSync(file, readFileSync(golden("keras_like.onnx")));
    const refused = await unravel(["export", "lenet5", "--out", "theirs.onnx"], { cwd });
    expectRefusal(refused, 2, /theirs\.onnx/);
    expect(readFileSync(file)).toEqual(readFileSync(golden("keras_like.onnx")));
  });

  test("options that it doesn't have, and probabilities that the loss doesn't make", async () => {
    const cwd = at();
    expectRefusal(
      await unravel(["export", "lenet5", "--to", "onnx", "--weights", "f16"], { cwd }),
      2,
      /the format onnx has no option "weights"; it has softmax, pixels/,
    );
    const spec = {
      input: [1, 2, 2],
      layers: [{ type: "flatten" }, { type: "dense", units: 2 }],
      loss: { type: "meanSquaredError" },
    };
    writeFileSync(join(cwd, "mse.json"), JSON.stringify(spec));
    expectRefusal(
      await unravel(["export", "mse.json", "--to", "onnx", "--softmax"], { cwd }),
      2,
      /meanSquaredError/,
    );
    expect(existsSync(join(cwd, "mse.onnx"))).toBe(false);
  });

  test("a file that is damaged, or missing beside another", async () => {
    const cwd = at();
    const whole = readFileSync(golden("torch_rows.onnx"));
    writeFileSync(join(cwd, "half.onnx"), whole.subarray(0, whole.length / 2));
    expectRefusal(
      await unravel(["import", "half.onnx"], { cwd }),
      2,
      /^half\.onnx: It is no ONNX file, or a damaged one/,
    );
    expect(existsSync(join(cwd, "half.imported.safetensors"))).toBe(false);
  });
});
