/*
 * Engines of `dist/`, which tests get (built.ts), start the worker that Node has of the bundle: one file, which is loaded in half
 * the time that its thirty modules take. It is made of the same sources, and what browsers and bundlers get of `dist/` is tested
 * there.
 */

Object.assign(globalThis, {
  NODE_WORKER: new URL("../../packages/core/bundle/worker.cjs", import.meta.url).href,
});
