export default {
  // bundled before it is served, the library would look for its worker's file in the wrong folder
  optimizeDeps: { exclude: ["unravel-cnn", "unravel-files"] },
  // pages with these headers may share memory between threads: the training takes all cores
  server: {
    headers: {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    },
  },
};
