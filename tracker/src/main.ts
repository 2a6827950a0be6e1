/**
 * The tracker's story, from the script element to the last beacon.
 *
 * Enters a page with its options and commands; leaves beacons. Always holds: before a prerendered page is
 * seen nothing is stored or sent, and whatever goes wrong here stays here.
 */

import { readAccelerator } from "./accelerator.ts";
import { rounded } from "./beacon.ts";
import { signals } from "./browser.ts";
import { assemble, type Context, type Draft } from "./context.ts";
import { execute } from "./execute.ts";
import { whenActivated } from "./observe/activation.ts";
import { observeErrors } from "./observe/errors.ts";
import { observeInteraction } from "./observe/interaction.ts";
import { observeLeaving } from "./observe/leaving.ts";
import { observeLoad } from "./observe/load.ts";
import { activationStart, navigationTimers, navigationType } from "./observe/navigation.ts";
import { observeRestore } from "./observe/restore.ts";
import { observeVitals } from "./observe/vitals.ts";
import { type Options, readOptions } from "./options.ts";
import { createOutbox } from "./outbox.ts";
import { isTaken, openQueue, type Queue } from "./queue.ts";
import { carrierTo } from "./send.ts";
import { createKeep } from "./storage.ts";
import { createVisit, type Visit } from "./visit.ts";
import { attempt, warn } from "./warn.ts";

function main(): void {
  const options = readOptions(document.currentScript as HTMLScriptElement | null);
  if (!options || options.silentOn.some((signal) => signals()[signal])) return;
  whenActivated(() => {
    if (isTaken()) warn("a second tracker", options.site);
    else observe(options, ...start(options));
  });
}

/** Begins the visit and hears what the page has to say. */
function start(options: Options): [Visit, Queue] {
  const keep = createKeep(() => localStorage);
  const context: Context = { options, keep };
  const outbox = createOutbox(
    (draft: Draft) => assemble(context, draft),
    carrierTo(options.endpoint),
  );
  const visit = createVisit(outbox);
  visit.begin(navigationType(), activationStart(), navigationTimers());
  const queue = openQueue(options.commands, (command) => execute(command, visit, context, outbox));
  return [visit, queue];
}

function observe({ accelerator, test }: Options, visit: Visit, queue: Queue): void {
  const first = visit.impression();
  observeVitals(visit.measure);
  observeErrors(
    () => visit.impression().errors,
    (event) => visit.put("event", { event }),
  );
  observeInteraction((time) => {
    const impression = visit.impression();
    const value = rounded(time - impression.startedAt);
    if (!impression.isUsed) visit.put("event", { event: { name: "interaction", value } });
    impression.isUsed = true;
  });
  const ask = () => queue.push(...readAccelerator(accelerator, test));
  ask();
  const load = () => {
    ask();
    visit.load(visit.impression() === first ? navigationTimers() : {});
  };
  observeLoad(load);
  observeRestore((time) => {
    // Nothing had to be fetched: web-vitals, too, counts the first byte of a restored page as 0.
    visit.begin("back-forward-cache", time, { ttfb: 0 });
  }, load);
  observeLeaving(() => {
    // Left between the load event, or the restoring, and the beacon for it. What is navigated away from while it
    // loads becomes complete, too, without that event.
    if (visit.impression() !== first || "load" in navigationTimers()) load();
    else ask();
    visit.leave();
  });
}

attempt(main, "this page");
