/**
 * Carrying out commands: what the page pushes enters, and changes the visit, its context or its consent.
 *
 * Always holds: a refused command changes nothing and is warned about.
 */
import { type Ready, readCommand } from "./command.ts";
import { assignment, type Context, type Draft, sessionOf } from "./context.ts";
import { type Impression, record } from "./impression.ts";
import type { Outbox } from "./outbox.ts";
import type { Visit } from "./visit.ts";
import { attempt, warn } from "./warn.ts";

/** Runs one raw command. */
export function execute(raw: unknown, visit: Visit, context: Context, outbox: Outbox<Draft>): void {
  const [name, argument] = readCommand(raw) ?? [];
  const impression = visit.impression();
  // What has been sent of an impression's page and test is what counts.
  const isLate = impression.session !== undefined;
  if (name === "order" || name === "event") visit.put(name, { [name]: argument });
  else if (name === "timer") record(impression, argument.name, argument.value);
  else if (name === "delivery") impression.delivery = { ...impression.delivery, ...argument };
  else if (name === "ready") {
    outbox.whenOpen(() => attempt(() => argument(describe(impression, context)), "ready"));
  } else if (name === "consent") {
    outbox.setOpen(argument);
    if (!argument) context.keep.clear();
  } else if (name === "test") {
    const assigned = isLate ? assignment(context) : undefined;
    if (assigned && assigned.group !== argument.group) warn("test, it came too late", argument);
    else context.test = argument;
  } else if (name === "page") {
    if (isLate) warn("page, it came too late", argument);
    context.page = { ...context.page, ...argument };
  }
}

function describe(impression: Impression, context: Context): Ready {
  const test = assignment(context);
  return {
    test: test?.name,
    group: test?.group,
    session: sessionOf(context, impression),
    impression: impression.id,
  };
}
