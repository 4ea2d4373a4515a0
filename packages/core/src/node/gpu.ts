import type { Gpu } from "../engine/webgpu/gpu.js";
import { brief, NoGpuError } from "../engine/webgpu/gpuError.js";

/** The package that brings WebGPU to Node (Dawn). It is large, so it isn't installed unless somebody wants it. */
const PACKAGE = "webgpu";

let loaded: Promise<Gpu> | undefined;

/**
 * A GPU for the webgpu engine in Node: `navigator.gpu` if there is one, else that of the package `webgpu`, which is loaded when
 * an adapter is asked for.
 */
export const nodeGpu: Gpu = {
  async requestAdapter(options) {
    return (await gpu()).requestAdapter(options);
  },
};

/** @throws InputError if the package isn't installed or can't be loaded; what to do is said */
function gpu(): Promise<Gpu> {
  loaded ??= load();
  // one that failed is tried anew: it may have been installed meanwhile
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}

async function load(): Promise<Gpu> {
  const own = globalThis.navigator?.gpu;
  if (own !== undefined) return own;
  try {
    const { create } = (await import(PACKAGE)) as { create(flags: readonly string[]): Gpu };
    // Dawn rounds the GPU's clock to tenths of a millisecond, as pages must see it; a kernel takes less
    return create(["disable-dawn-features=timestamp_quantization"]);
  } catch (error) {
    const missing = (error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
    throw missing
      ? new NoGpuError(
          `The webgpu engine needs the package ${PACKAGE}, which is not installed here`,
          `run "npm install ${PACKAGE}", or use the wasm engine`,
        )
      : new NoGpuError(
          `The package ${PACKAGE} could not be loaded (${brief(error instanceof Error ? error.message : String(error))})`,
        );
  }
}
