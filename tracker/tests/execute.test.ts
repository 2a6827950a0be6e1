import { afterEach, beforeEach, expect, type Mock, test, vi } from "vitest";
import type { Beacon } from "../src/beacon.ts";
import type { Ready } from "../src/command.ts";
import { assemble, type Context, type Draft } from "../src/context.ts";
import { execute } from "../src/execute.ts";
import { createOutbox } from "../src/outbox.ts";
import { createKeep } from "../src/storage.ts";
import { createVisit } from "../src/visit.ts";

let sent: Beacon[];
let push: (...commands: unknown[]) => Promise<void>;
let warn: Mock;

beforeEach(() => {
  warn = vi.spyOn(console, "warn").mockReturnValue() as Mock;
  location.href = "https://shop.example/p/1?utm_source=mail&secret=1#top";
  const options = {
    site: "shop",
    endpoint: "https://c.example/b",
    parameters: ["utm_source"],
    silentOn: [],
    commands: [],
    accelerator: undefined,
    test: undefined,
  };
  const context: Context = { options, keep: createKeep(() => localStorage) };
  sent = [];
  const outbox = createOutbox((draft: Draft) => assemble(context, draft), {
    send: (beacons) => sent.push(...JSON.parse(JSON.stringify(beacons))),
    defer: () => undefined,
  });
  const visit = createVisit(outbox);
  visit.begin("navigate", 0, { ttfb: 12 });
  push = async (...commands) => {
    for (const command of commands) execute(command, visit, context, outbox);
    await Promise.resolve();
  };
});
afterEach(() => {
  localStorage.clear();
  vi.restoreAllMocks();
  Object.assign(navigator, { globalPrivacyControl: undefined });
});

test("what is pushed before the first beacon leaves is in it", async () => {
  await push(
    ["consent", true],
    ["event", { name: "seen" }],
    ["page", { label: "product", release: "r7" }],
    ["test", { name: "speed", group: "B" }],
    ["delivery", { served: true }],
  );
  expect(sent.map(({ seq, type }) => [seq, type])).toEqual([
    [0, "navigation"],
    [1, "event"],
  ]);
  expect(sent[0]).toMatchObject({
    v: 1,
    site: "shop",
    page: {
      url: "https://shop.example/p/1?utm_source=mail",
      label: "product",
      release: "r7",
      navigation: "navigate",
    },
    test: { name: "speed", group: "B", rb: expect.any(Number) },
    delivery: { served: true },
    timers: { ttfb: 12 },
    visitor: { newToday: true, newThisMonth: true },
    browser: { width: expect.any(String) },
  });
  expect(sent[1]?.visitor).toBeUndefined();
  expect(sent[1]?.session).toBe(sent[0]?.session);
});

test("before consent nothing is sent and nothing is stored", async () => {
  await push(["test", { name: "speed", groups: { A: 1, B: 1 } }], ["event", { name: "seen" }]);
  expect(sent).toEqual([]);
  expect(localStorage).toHaveLength(0);
  await push(["consent", true]);
  expect(sent.map(({ seq }) => seq)).toEqual([0, 1]);
});

test("the group survives that consent is taken back and given again", async () => {
  await push(["consent", true], ["test", { name: "speed", groups: { A: 1, B: 1 } }]);
  await push(["consent", false]);
  await push(["consent", true], ["event", { name: "seen" }]);
  expect(sent[1]?.test).toEqual(sent[0]?.test);
  expect(JSON.parse(localStorage["bellrock.split.speed"])).toMatchObject({
    group: sent[0]?.test?.group,
    rb: sent[0]?.test?.rb,
  });
});

test("the same test said again changes nothing", async () => {
  await push(["consent", true], ["test", { name: "speed", group: "A" }]);
  await push(["test", { name: "speed", group: "A" }]);
  expect(warn).not.toHaveBeenCalled();
});

test("consent taken back stops the beacons and empties the storage", async () => {
  await push(["consent", true], ["test", { name: "speed", group: "A" }]);
  expect(localStorage.length).toBeGreaterThan(0);
  await push(["consent", false], ["event", { name: "seen" }]);
  expect(sent).toHaveLength(1);
  expect(localStorage).toHaveLength(0);
});

test("under GPC neither visitor nor rb is sent", async () => {
  Object.assign(navigator, { globalPrivacyControl: true });
  await push(["consent", true], ["test", { name: "speed", group: "A" }]);
  expect(sent[0]?.test).toEqual({ name: "speed", group: "A" });
  expect(sent[0]).not.toHaveProperty("visitor");
});

test("ready tells group, session and impression once commands before and after it have run", async () => {
  const ready = vi.fn<(ready: Ready) => void>();
  await push(
    ["consent", true],
    ["ready", ready],
    ["test", { name: "speed", groups: { A: 0, B: 1 } }],
  );
  const [beacon] = sent;
  expect(ready).toHaveBeenCalledExactlyOnceWith({
    test: "speed",
    group: "B",
    session: beacon?.session,
    impression: beacon?.impression,
  });
});

test("a ready function that throws is warned about and stops nothing", async () => {
  const broken = () => {
    throw new Error("broken");
  };
  await push(["consent", true], ["ready", broken]);
  expect(warn).toHaveBeenCalled();
  expect(sent).toHaveLength(1);
});

test("the group that was sent stays the group of the page", async () => {
  await push(["consent", true], ["test", { name: "speed", group: "A" }]);
  await push(["test", { name: "speed", group: "B" }], ["event", { name: "seen" }]);
  expect(sent[1]?.test?.group).toBe("A");
  expect(warn).toHaveBeenCalledOnce();
});

test("a first test is never too late", async () => {
  await push(["consent", true]);
  await push(["test", { name: "speed", group: "B" }], ["event", { name: "seen" }]);
  expect(sent.map((beacon) => beacon.test?.group)).toEqual([undefined, "B"]);
  expect(warn).not.toHaveBeenCalled();
});

test("a label that comes after the first beacon is warned about", async () => {
  await push(["consent", true]);
  await push(["page", { label: "cart" }]);
  expect(warn).toHaveBeenCalledOnce();
});

test("an order leaves at once as a beacon of its own", async () => {
  await push(["consent", true]);
  await push(["order", { id: "4711", value: 49.9, currency: "EUR" }]);
  expect(sent[1]).toMatchObject({
    seq: 1,
    type: "order",
    order: { id: "4711", value: 49.9, currency: "EUR" },
  });
});
