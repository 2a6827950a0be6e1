/**
 * The Service Worker of the accelerator: stale-while-revalidate for pages and assets.
 *
 * A page goes into the cache with `data-delivered="cache"`, so that it knows where it came from when it
 * is shown. Carts, confirmations and everything that is no GET always come from the server.
 */
const CACHE = "shop-1";
const NEVER_CACHED = ["/cart", "/confirmation", "/order", "/sw.js"];

addEventListener("install", (event) => {
  // A beacon that a page sends while it leaves must not wait for a busy worker: the page would be gone
  // before it is passed on, and the accelerated group alone would lose its vitals.
  if (event.addRoutes) {
    event.waitUntil(event.addRoutes({ condition: { requestMethod: "POST" }, source: "network" }));
  }
  skipWaiting();
});

addEventListener("activate", (event) => event.waitUntil(takeOver()));

addEventListener("message", (event) => event.waitUntil(warm(event.data.warm)));

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  // A visitor who is changing groups has to see the server's page.
  if (NEVER_CACHED.includes(url.pathname) || url.searchParams.has("group")) return;
  event.respondWith(answer(event, url.href));
});

async function takeOver() {
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await clients.claim();
}

async function answer(event, key) {
  const cached = await (await caches.open(CACHE)).match(key);
  if (!cached) return refresh(key, event.request);
  // Pictures never change; anything else is fetched again for the next time.
  if (!key.includes("/pictures/")) event.waitUntil(refresh(key, key).catch(() => undefined));
  return cached;
}

/** Fetches `request`, and keeps a copy of the response under `key`. */
async function refresh(key, request) {
  const response = await fetch(request);
  if (response.ok) await keep(key, response.clone());
  return response;
}

async function keep(key, response) {
  const cache = await caches.open(CACHE);
  const headers = { "Content-Type": response.headers.get("Content-Type") };
  if (!headers["Content-Type"].startsWith("text/html")) return cache.put(key, response);
  const page = await response.text();
  const marked = page.replace('data-delivered="origin"', 'data-delivered="cache"');
  return cache.put(key, new Response(marked, { headers }));
}

/** Fetches pages that are not yet in the cache, and their pictures. */
async function warm(paths) {
  await Promise.allSettled(paths.map(fetchPage));
}

async function fetchPage(path) {
  const page = await fetchOnce(path);
  const assets = (await page?.text())?.matchAll(/(?:src|href)="(\/(?:pictures|static)\/[^"]+)"/g) ?? [];
  await Promise.allSettled([...assets].map(([, asset]) => fetchOnce(asset)));
}

/** The response for `path`, now in the cache; nothing if it was there before. */
async function fetchOnce(path) {
  const key = new URL(path, location.href).href;
  if (await (await caches.open(CACHE)).match(key)) return undefined;
  return refresh(key, key);
}
