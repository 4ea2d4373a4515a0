/* Keeps the page for times without a network. What it asks for itself lies beside it; it never asks another host. */
const version = "unravel-__VERSION__";
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
          keys
            .filter((key) => key.startsWith("unravel-") && key !== version)
            .map((key) => caches.delete(key)),
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
    event.respondWith(fetch(request).catch(() => caches.match("./", { ignoreSearch: true })));
  } else {
    // Other files have a hash in their names: the kept one is the right one.
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});
