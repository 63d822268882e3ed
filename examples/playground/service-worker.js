/**
 * Keeps the whole playground for use without a network: all files of a build are stored together, and a new build replaces
 * them. scripts/playground.mjs puts the version and the list of files in.
 */
const VERSION = "__VERSION__";
const FILES = __FILES__;
const CACHE = `cloze-playground-${VERSION}`;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)));
  skipWaiting();
});

async function removeOlder() {
  for (const name of await caches.keys())
    if (name.startsWith("cloze-playground-") && name !== CACHE) await caches.delete(name);
  await clients.claim();
}

addEventListener("activate", (event) => event.waitUntil(removeOlder()));

async function answer(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});
