/**
 * The tracker's story, from the script element to the last beacon.
 *
 * Enters a page with its options and commands; leaves beacons. Always holds: before a prerendered page is
 * seen nothing is stored or sent, and whatever goes wrong here stays here.
 */
import { signals } from "./browser.ts";
import { assemble, type Context, type Draft } from "./context.ts";
import { execute } from "./execute.ts";
import { record } from "./impression.ts";
import { whenActivated } from "./observe/activation.ts";
import { observeCls } from "./observe/cls.ts";
import { observeErrors } from "./observe/errors.ts";
import { observeFcp } from "./observe/fcp.ts";
import { observeInp } from "./observe/inp.ts";
import { observeLcp } from "./observe/lcp.ts";
import { observeLeaving } from "./observe/leaving.ts";
import { observeLoad } from "./observe/load.ts";
import { activationStart, navigationTimers, navigationType } from "./observe/navigation.ts";
import { observeRestore } from "./observe/restore.ts";
import { type Options, readOptions } from "./options.ts";
import { createOutbox } from "./outbox.ts";
import { isTaken, openQueue } from "./queue.ts";
import { send } from "./send.ts";
import { createKeep } from "./storage.ts";
import { createVisit, type Visit } from "./visit.ts";
import { attempt, warn } from "./warn.ts";

function main(): void {
  const options = readOptions(document.currentScript as HTMLScriptElement | null);
  if (!options || options.silentOn.some((signal) => signals()[signal])) return;
  whenActivated(() => {
    if (isTaken()) warn("a second tracker", options.site);
    else observe(start(options));
  });
}

/** Begins the visit and hears what the page has to say. */
function start(options: Options): Visit {
  const keep = createKeep(() => localStorage);
  const context: Context = { options, keep };
  const outbox = createOutbox(
    (draft: Draft) => assemble(context, draft),
    (beacons, leaving, failed) => send(options.endpoint, beacons, leaving, failed),
  );
  const visit = createVisit(outbox);
  visit.begin(navigationType(), activationStart(), navigationTimers());
  openQueue(options.commands, (command) => execute(command, visit, context, outbox));
  return visit;
}

function observe(visit: Visit): void {
  const report = (timer: string, value: number) => record(visit.impression(), timer, value);
  observeFcp(report);
  observeLcp(report);
  observeCls(report);
  observeInp(report);
  const errors = observeErrors((event) => visit.put("event", { event }));

  let isRestored = false;
  const load = () => visit.load(isRestored ? {} : navigationTimers());
  observeLoad(load);
  observeRestore((time) => {
    isRestored = true;
    errors.reset();
    // Nothing had to be fetched: web-vitals, too, counts the first byte of a restored page as 0.
    visit.begin("back-forward-cache", time, { ttfb: 0 });
  }, load);
  observeLeaving(() => {
    // Left between the load event, or the restoring, and the beacon for it.
    if (document.readyState === "complete") load();
    visit.leave();
  });
}

attempt(main, "this page");
