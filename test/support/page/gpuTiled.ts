/* Products in tiles through workgroup memory, which are not taken by themselves yet. */

/**
 * What a training with products in tiles comes to, beside one without; in a page or here.
 * @param folder where the library lies, in its files: one of them says what is tiled
 */
export async function trainTiled(folder: string, gpu?: unknown) {
  const { TUNING } = await import(/* @vite-ignore */ `${folder}compiler/webgpu/tuning.js`);
  const library = await import(/* @vite-ignore */ `${folder}index.js`);
  const count = 30;
  const data = {
    name: "made up",
    shape: [1, 2, 2],
    images: Uint8Array.from({ length: 4 * count }, (_, k) => Math.imul(k, 2654435761) >>> 24),
    labels: Uint8Array.from({ length: count }, (_, k) => k % 20),
    classes: Array.from({ length: 20 }, (_, k) => `class ${k}`),
  };
  const spec = {
    input: data.shape,
    layers: [
      { type: "flatten" },
      { type: "dense", units: 16 },
      { type: "relu" },
      { type: "dense", units: 20 },
    ],
    classes: data.classes,
  };
  const train = async () => {
    const engine = await library.createEngine(spec, { engine: "webgpu", gpu, seed: 1 });
    await library.fit(engine, data, { epochs: 1, batchSize: 17, optimizer: "sgd" });
    const parameters: Record<string, { data: Float32Array }> = await engine.parameters();
    await engine.close();
    return Object.values(parameters).flatMap(({ data }) => Array.from(data));
  };
  const plain = await train();
  const before = { ...TUNING };
  Object.assign(TUNING, { tiledFrom: 16 * 20 * 17, tiledFilled: 0, tiledBusy: 2 });
  const tiled = await train();
  Object.assign(TUNING, before);
  return { plain, tiled };
}
