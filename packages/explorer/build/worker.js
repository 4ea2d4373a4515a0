/*
 * Keeps the page for times without a network, and isolates it, where its server doesn't, so that threads may share memory.
 * What it asks for itself lies beside it; it never asks another host.
 */
const { pathname } = new URL(self.registration.scope);
/** Of this folder alone: another one of the same host may have another version of the page. */
const own = `unravel ${pathname} `;
const version = `${own}__VERSION__`;
const files = "__FILES__".split(" ");

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(version)
      .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((keys) =>
        Promise.all(
          keys.filter((key) => key.startsWith(own) && key !== version).map((key) => caches.delete(key)),
        ),
      )
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    // The newest page where there is a network, else the kept one.
    event.respondWith(
      fetch(request)
        .catch(() => caches.match("./", { ignoreSearch: true }))
        .then(isolated),
    );
  } else {
    // Other files have a hash in their names: the kept one is the right one.
    event.respondWith(
      caches
        .match(request)
        .then((kept) => kept ?? fetch(request))
        .then(isolated),
    );
  }
});

/** The answer with the headers that isolate a page and its workers. One that says where to look instead stays as it is. */
function isolated(answer) {
  if (!answer || answer.status < 200 || answer.type === "opaqueredirect") return answer;
  const headers = new Headers(answer.headers);
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-embedder-policy", "require-corp");
  headers.set("cross-origin-resource-policy", "same-origin");
  const hasBody = ![204, 205, 304].includes(answer.status);
  const { status, statusText } = answer;
  return new Response(hasBody ? answer.body : null, { status, statusText, headers });
}
