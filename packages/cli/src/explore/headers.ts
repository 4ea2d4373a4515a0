import { extname } from "node:path";

/*
 * The headers of every answer: what it is, and what a browser may do with it.
 */

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".txt": "text/plain; charset=utf-8",
  ".woff2": "font/woff2",
};

type Policy = Readonly<Record<string, string>>;

/** Where nothing is allowed, neither objects nor frames are. */
const nothing: Policy = { "default-src": "'none'" };

const scripts: Policy = { "script-src": "'self' 'wasm-unsafe-eval'", "worker-src": "'self' blob:" };

/** No answer can be shown as a document that sends forms, sets a base for its addresses, or lies in another page's frame. */
const closed: Policy = { "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'" };

/** The page: what its own `<meta>` says (packages/explorer/index.html), and what can't be said there. */
const page: Policy = {
  ...nothing,
  ...scripts,
  "style-src": "'self' 'unsafe-inline'",
  "img-src": "'self' blob: data:",
  "font-src": "'self'",
  "connect-src": "'self'",
  "manifest-src": "'self'",
  ...closed,
};

/** A worker obeys the policy that its script came with. The one that trains may fetch MNIST, if the visitor says so. */
const script: Policy = {
  ...nothing,
  ...scripts,
  "connect-src": "'self' https://cdn.jsdelivr.net/gh/fgnt/mnist/",
  ...closed,
};

const policies: Readonly<Record<string, Policy>> = { ".html": page, ".js": script };

/** What an answer with the file of this path carries; without one, it is a line of text. */
export function headersFor(path?: string): Record<string, string> {
  const ending = path === undefined ? ".txt" : path === "/" ? ".html" : extname(path);
  const policy = policies[ending] ?? { ...nothing, ...closed };
  return {
    "content-type": types[ending] ?? "application/octet-stream",
    "content-security-policy": Object.entries(policy)
      .map(([name, value]) => `${name} ${value}`)
      .join("; "),
    // These two isolate the page, so that it may share memory between threads.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  };
}
