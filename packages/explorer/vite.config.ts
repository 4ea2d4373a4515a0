import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { address } from "./build/address.ts";
import { licences } from "./build/licences.ts";
import { serviceWorker } from "./build/serviceWorker.ts";

export default defineConfig({
  base: "./", // the site may lie in any folder of a web server
  assetsInclude: ["**/*.safetensors"],
  plugins: [svelte(), address(), licences(), serviceWorker()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    headers: {
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    },
  },
});
