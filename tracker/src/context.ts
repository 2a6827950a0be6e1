/**
 * What the beacons of a visit have in common: session, page, test, browser and visitor.
 *
 * Enters what the page says and what the browser keeps; leaves whole beacons. Always holds: nothing is
 * read from or written to the browser's storage before the first beacon is assembled, and under GPC
 * neither visitor flags nor `rb` are sent.
 */
import {
  type Beacon,
  type BeaconType,
  type Order,
  type PageEvent,
  rounded,
  type Test,
  type Timers,
} from "./beacon.ts";
import { browserHints, gpc } from "./browser.ts";
import type { PageSetting } from "./command.ts";
import type { Impression } from "./impression.ts";
import type { Options } from "./options.ts";
import { cleanAddress } from "./page.ts";
import { touchSession } from "./session.ts";
import { assign, type TestSetting } from "./split.ts";
import type { Keep } from "./storage.ts";
import { countVisitor } from "./visitor.ts";

/** A beacon before it leaves. */
export interface Draft {
  readonly impression: Impression;
  readonly seq: number;
  readonly type: BeaconType;
  readonly timers?: Timers;
  /** By vital the element that it is about. */
  readonly attribution?: Readonly<Record<string, string | undefined>>;
  readonly event?: PageEvent;
  readonly order?: Order;
}

export interface Context {
  readonly options: Options;
  readonly keep: Keep;
  page?: PageSetting;
  test?: TestSetting;
}

/** The beacon for `draft`, as things stand now. */
export function assemble(context: Context, { impression, ...draft }: Draft): Beacon {
  const { options, keep } = context;
  const test = assignment(context);
  const counted = draft.type === "navigation" && !gpc();
  impression.page ??= {
    url: cleanAddress(location.href, options.parameters),
    referrer: cleanAddress(impression.referrer, []),
    navigation: impression.navigation,
    ...context.page,
  };
  return {
    v: 1,
    site: options.site,
    session: sessionOf(context, impression),
    impression: impression.id,
    ...draft,
    page: impression.page,
    test: test && { ...test, rb: gpc() ? undefined : test.rb },
    delivery: impression.delivery,
    visitor: counted ? countVisitor(keep, options.site, Date.now()) : undefined,
    browser: browserHints(),
    sentAt: rounded(performance.now() - impression.startedAt),
  };
}

/** The session id of `impression`, which keeps the one that it got first. */
export function sessionOf({ options, keep }: Context, impression: Impression): string {
  impression.session = touchSession(keep, options.site, Date.now(), impression.session);
  return impression.session;
}

/** The test and the group of this browser, drawn now if they have to be. */
export function assignment({ keep, test }: Context): Test | undefined {
  return test && assign(keep, test);
}
