import { nodeGpu } from "unravel-cnn/node";
import { type TestFunction, test } from "vitest";

// asked for here, because commands run in an environment of their own, which names no driver
const adapter = await nodeGpu.requestAdapter().catch(() => null);

/** Whether there is a GPU in Node, or somebody has named a driver and expects one. */
const isInNode = process.env.VK_DRIVER_FILES !== undefined || adapter !== null;

/** `test` for what needs the package `webgpu` and an adapter: skipped with a counted reason where they aren't. */
export const testInNode = (name: string, run: TestFunction) =>
  test(name, async (context) => {
    if (!isInNode) context.skip("the package webgpu is not installed, or has found no adapter");
    await run(context);
  });
