import { afterEach, beforeEach, expect, type Mock, test, vi } from "vitest";
import type { Beacon } from "../src/beacon.ts";
import { carrierTo } from "../src/send.ts";

const URL = "https://c.example/b";
const { send, defer } = carrierTo(URL);
let fetched: Mock<typeof fetch>;
let beaconed: Mock<(url: string, body: string) => boolean>;

beforeEach(() => {
  fetched = vi.fn<typeof fetch>(async () => new Response(null, { status: 204 }));
  beaconed = vi.fn(() => true);
  vi.stubGlobal("fetch", fetched);
  vi.stubGlobal(
    "Request",
    class {
      get keepalive() {
        return false;
      }
    },
  );
  Object.assign(navigator, { sendBeacon: beaconed });
});
afterEach(() => vi.unstubAllGlobals());

function beacon(seq: number): Beacon {
  return {
    v: 1,
    site: "shop",
    session: "s".repeat(22),
    impression: "i".repeat(22),
    seq,
    type: "event",
    page: { url: "https://shop.example/", navigation: "navigate" },
    browser: { webdriver: false, width: "1440" },
    sentAt: 1,
  };
}

const bodies = () => fetched.mock.calls.map(([, init]) => JSON.parse(String(init?.body)));

test("on a page that stays, one beacon is an object sent by fetch with keepalive", () => {
  send([beacon(0)], false, () => {});
  expect(bodies()).toEqual([{ ...beacon(0), transport: "fetch" }]);
  expect(fetched.mock.calls[0]?.[1]).toMatchObject({ keepalive: true, credentials: "omit" });
  // Any header of one's own might bring a preflight with it.
  expect(fetched.mock.calls[0]?.[1]?.headers).toBeUndefined();
});

test("on a page that is left, several beacons are an array sent by sendBeacon", () => {
  send([beacon(0), beacon(1)], true, () => {});
  const [url, body] = beaconed.mock.calls[0] ?? [];
  expect(url).toBe(URL);
  expect(JSON.parse(String(body))).toEqual([
    { ...beacon(0), transport: "beacon" },
    { ...beacon(1), transport: "beacon" },
  ]);
  expect(fetched).not.toHaveBeenCalled();
});

test("on a page that is left, the browser's fetchLater comes first", () => {
  const later = vi.fn(() => ({ activated: false }));
  vi.stubGlobal("fetchLater", later);
  send([beacon(0)], true, () => {});
  expect(later).toHaveBeenCalledExactlyOnceWith(
    URL,
    expect.objectContaining({ method: "POST", credentials: "omit", activateAfter: 0 }),
  );
  expect(beaconed).not.toHaveBeenCalled();
});

test("when the quota of fetchLater is used up, sendBeacon takes over", () => {
  vi.stubGlobal("fetchLater", () => {
    throw new DOMException("", "QuotaExceededError");
  });
  send([beacon(0)], true, () => {});
  expect(JSON.parse(String(beaconed.mock.calls[0]?.[1])).transport).toBe("beacon");
  expect(defer(beacon(0))).toBeUndefined();
});

test("a deferred beacon can be withdrawn until the browser has sent it", () => {
  const results = [{ activated: false }, { activated: true }];
  const later = vi.fn((_url: string, _init: RequestInit) => results.shift());
  vi.stubGlobal("fetchLater", later);
  expect(defer(beacon(0))?.()).toBe(true);
  expect(later.mock.calls[0]?.[1].signal?.aborted).toBe(true);
  expect(defer(beacon(0))?.()).toBe(false);
});

test("a browser without fetchLater defers nothing", () => {
  expect(defer(beacon(0))).toBeUndefined();
});

test.each([
  ["refuses", () => false],
  [
    "throws",
    () => {
      throw new TypeError();
    },
  ],
])("when sendBeacon %s, fetch takes over", (_how, behaviour) => {
  beaconed.mockImplementation(behaviour);
  send([beacon(0)], true, () => {});
  expect(bodies()[0].transport).toBe("fetch");
});

test("a browser whose fetch has no keepalive sends by sendBeacon", () => {
  vi.stubGlobal("Request", class {});
  send([beacon(0)], false, () => {});
  expect(fetched).not.toHaveBeenCalled();
  expect(beaconed).toHaveBeenCalledOnce();
});

test("every beacon of a long array leaves, in bodies below 64 KiB", () => {
  const long = Array.from({ length: 30 }, (_, seq) => ({
    ...beacon(seq),
    page: { url: "u".repeat(2048), referrer: "r".repeat(2048), navigation: "navigate" as const },
    event: { name: "n".repeat(64), props: { a: "é".repeat(64) } },
  }));
  send(long, false, () => {});
  expect(
    bodies()
      .flat()
      .map(({ seq }) => seq),
  ).toEqual(long.map(({ seq }) => seq));
  for (const [, init] of fetched.mock.calls) {
    expect(new TextEncoder().encode(String(init?.body)).length).toBeLessThan(65_536);
  }
});

test("more than browsers let outlive pages is sent as far as the page stays", async () => {
  const answers: (() => void)[] = [];
  fetched.mockImplementation(
    () => new Promise((resolve) => answers.push(() => resolve(new Response(null)))),
  );
  const long = { ...beacon(0), event: { name: "n".repeat(30_000) } };
  const kept = () => fetched.mock.calls.map(([, init]) => init?.keepalive);
  for (let i = 0; i < 3; i++) send([long], false, () => {});
  expect(kept()).toEqual([true, true, false]);
  for (const answer of answers) answer();
  await new Promise((resolve) => setTimeout(resolve));
  send([long], false, () => {});
  expect(kept().at(-1)).toBe(true);
});

test.each([
  [
    "the network fails",
    async () => {
      throw new TypeError("Failed to fetch");
    },
  ],
  ["the log is not available", async () => new Response(null, { status: 503 })],
])("when %s the beacons come back", async (_why, answer) => {
  fetched.mockImplementation(answer);
  const failed = vi.fn();
  send([beacon(0)], false, failed);
  await vi.waitFor(() => expect(failed).toHaveBeenCalledWith([beacon(0)]));
});

test.each([204, 413, 429])("after an answer %i nothing comes back", async (status) => {
  fetched.mockImplementation(async () => new Response(null, { status }));
  const failed = vi.fn();
  send([beacon(0)], false, failed);
  await new Promise((resolve) => setTimeout(resolve));
  expect(failed).not.toHaveBeenCalled();
});

test("when nothing takes them the beacons come back", () => {
  vi.stubGlobal("Request", class {});
  beaconed.mockReturnValue(false);
  const failed = vi.fn();
  send([beacon(0)], false, failed);
  expect(failed).toHaveBeenCalledWith([beacon(0)]);
});
