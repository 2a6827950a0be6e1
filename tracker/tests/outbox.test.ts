import { expect, test, vi } from "vitest";
import { type Carrier, createOutbox, type Withdraw } from "../src/outbox.ts";

interface Letter {
  readonly text: string;
}

function setUp() {
  const deliver = vi.fn<Carrier<Letter>["send"]>();
  const withdraw = vi.fn<Withdraw>(() => true);
  const defer = vi.fn<Carrier<Letter>["defer"]>(() => withdraw);
  const assemble = vi.fn((text: string): Letter => ({ text }));
  const outbox = createOutbox(assemble, { send: deliver, defer });
  const delivered = () => deliver.mock.calls.map(([letters]) => letters.map(({ text }) => text));
  return { outbox, deliver, defer, withdraw, assemble, delivered };
}

test("what comes in one turn leaves together, in its order", async () => {
  const { outbox, delivered } = setUp();
  outbox.setOpen(true);
  outbox.put("a");
  outbox.put("b");
  expect(delivered()).toEqual([]);
  await Promise.resolve();
  expect(delivered()).toEqual([["a", "b"]]);
});

test("until it is opened nothing leaves, nor is it assembled", async () => {
  const { outbox, assemble, delivered } = setUp();
  outbox.put("a");
  outbox.flush(true);
  await Promise.resolve();
  expect(assemble).not.toHaveBeenCalled();
  outbox.setOpen(true);
  outbox.put("b");
  await Promise.resolve();
  expect(delivered()).toEqual([["a", "b"]]);
});

test("after it is closed nothing leaves", async () => {
  const { outbox, delivered } = setUp();
  outbox.setOpen(true);
  outbox.setOpen(false);
  outbox.put("a");
  await Promise.resolve();
  expect(delivered()).toEqual([]);
});

test("when the page is left everything leaves at once", () => {
  const { outbox, deliver } = setUp();
  outbox.setOpen(true);
  outbox.put("a");
  outbox.flush(true);
  expect(deliver).toHaveBeenCalledWith([{ text: "a" }], true, expect.any(Function));
});

test("a lost beacon goes with the next ones until one is taken", async () => {
  const { outbox, deliver, delivered } = setUp();
  deliver.mockImplementation((letters, _leaving, failed) => failed(letters));
  outbox.setOpen(true);
  for (const text of ["a", "b", "c", "d"]) {
    if (text === "c") deliver.mockImplementation(() => {});
    outbox.put(text);
    await Promise.resolve();
  }
  expect(delivered()).toEqual([["a"], ["a", "b"], ["a", "b", "c"], ["d"]]);
});

test("of lost beacons the last 64 wait", async () => {
  const { outbox, deliver, delivered } = setUp();
  deliver.mockImplementation((letters, _leaving, failed) => failed(letters));
  outbox.setOpen(true);
  for (let i = 0; i < 70; i++) {
    outbox.put(String(i));
    await Promise.resolve();
  }
  expect(delivered().at(-1)?.slice(0, 2)).toEqual(["5", "6"]);
  expect(delivered().at(-1)).toHaveLength(65);
});

test("a deferred beacon is assembled at once, and not before the outbox is open", () => {
  const { outbox, defer, withdraw } = setUp();
  expect(outbox.defer("a")()).toBe(true);
  expect(defer).not.toHaveBeenCalled();
  outbox.setOpen(true);
  withdraw.mockReturnValue(false);
  expect(outbox.defer("b")()).toBe(false);
  expect(defer).toHaveBeenCalledExactlyOnceWith({ text: "b" });
});

test("closing takes the deferred beacon back", () => {
  const { outbox, withdraw } = setUp();
  outbox.setOpen(true);
  outbox.defer("a");
  outbox.setOpen(false);
  expect(withdraw).toHaveBeenCalledOnce();
});

test("callbacks wait for the outbox to open and come before the beacons", async () => {
  const { outbox, deliver } = setUp();
  const order: string[] = [];
  deliver.mockImplementation(() => order.push("deliver"));
  outbox.whenOpen(() => order.push("callback"));
  outbox.put("a");
  await Promise.resolve();
  expect(order).toEqual([]);
  outbox.setOpen(true);
  await Promise.resolve();
  expect(order).toEqual(["callback", "deliver"]);
});
