/**
 * The accelerator of group B: after the first page has loaded it installs a Service Worker and has it
 * fetch the pages that this one links to. In any other group it removes what it once installed.
 */
{
  const NEVER_CACHED = ["/cart", "/confirmation", "/order"];

  const loaded = new Promise((done) => {
    if (document.readyState === "complete") done();
    else addEventListener("load", done, { once: true });
  });

  const linked = () => {
    const paths = [...document.links]
      .filter((link) => link.origin === location.origin)
      .map((link) => link.pathname)
      .filter((path) => !NEVER_CACHED.includes(path));
    return [...new Set([location.pathname, ...paths])];
  };

  const accelerate = async () => {
    await loaded;
    await navigator.serviceWorker.register("/sw.js");
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage({ warm: linked() });
  };

  const retire = async () => {
    for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
    for (const name of await caches.keys()) await caches.delete(name);
  };

  if ("serviceWorker" in navigator) {
    window.bellrock = window.bellrock || [];
    window.bellrock.push(["ready", ({ group }) => (group === "B" ? accelerate() : retire())]);
  }
}
