/**
 * What a page of the shop tells the tracker: its label, its test, how it was delivered, when its large
 * picture was there, and its order. Inlined into each page, so that it runs before anything else.
 */
{
  const page = document.documentElement.dataset;
  window.bellrock = window.bellrock || [];
  const tell = (...command) => window.bellrock.push(command);

  // ?group=B puts this browser into group B, as a new visit: for demonstrations and tests.
  const address = new URL(location.href);
  const groups = JSON.parse(page.groups);
  const asked = address.searchParams.get("group");
  const key = `bellrock.split.${page.test}`;
  const stored = () => JSON.parse(localStorage.getItem(key) ?? "{}").group;
  if (asked in groups) {
    if (stored() !== asked) {
      localStorage.setItem(key, JSON.stringify({ group: asked, rb: Math.floor(Math.random() * 64) }));
      localStorage.removeItem(`bellrock.session.${page.site}`);
      localStorage.removeItem("shop.visited");
    }
    address.searchParams.delete("group");
    history.replaceState(history.state, "", address);
  }

  // True in both groups alike, so that their other pages can be compared: a Service Worker cannot
  // accelerate the first page of a visitor.
  const firstLoad = localStorage.getItem("shop.visited") === null;
  localStorage.setItem("shop.visited", "1");

  const delivery = (group) => ({
    enabled: group === "B",
    served: group === "B" && performance.getEntriesByType("navigation")[0]?.workerStart > 0,
    cacheHit: page.delivered === "cache",
    firstLoad,
    swSupported: "serviceWorker" in navigator,
  });

  const show = (name, text) => {
    for (const element of document.querySelectorAll(`[data-show="${name}"]`)) {
      element.textContent = text;
    }
  };

  tell("test", { name: page.test, groups });
  tell("page", { label: page.label });
  // Told early where the group is known, so that the first beacon has it, too.
  const known = stored();
  if (known) tell("delivery", delivery(known));
  tell("ready", ({ group }) => {
    const how = delivery(group);
    if (!known) tell("delivery", how);
    show("group", group ?? "none");
    show(
      "delivery",
      how.cacheHit
        ? "this page came from the accelerator's cache"
        : how.served
          ? "this page came from the server, through the accelerator"
          : "this page came from the server",
    );
    // A page that the browser brings back is an impression of its own; the tracker has to begin it first.
    addEventListener("pageshow", (event) => {
      if (event.persisted) setTimeout(() => tell("delivery", { ...how, cacheHit: false, firstLoad: false }));
    });
  });
  if (page.order) tell("order", JSON.parse(page.order));

  if (PerformanceObserver.supportedEntryTypes.includes("element")) {
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.identifier === "hero") {
          tell("timer", { name: "hero", value: entry.renderTime || entry.loadTime });
        }
      }
    }).observe({ type: "element", buffered: true });
  } else {
    // `load` of a picture does not bubble, but it can be captured.
    const loaded = ({ target }) => {
      if (target.getAttribute?.("elementtiming") === "hero") {
        tell("timer", { name: "hero", value: performance.now() });
      }
    };
    document.addEventListener("load", loaded, { capture: true });
  }

  document.addEventListener("submit", ({ target }) => {
    if (target.dataset.event) tell("event", { name: target.dataset.event });
  });
}
