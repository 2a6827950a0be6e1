import { expect, test, vi } from "vitest";
import { createOutbox, type Deliver } from "../src/outbox.ts";

interface Letter {
  readonly text: string;
}

function setUp() {
  const deliver = vi.fn<Deliver<Letter>>();
  const assemble = vi.fn((text: string): Letter => ({ text }));
  const outbox = createOutbox(assemble, deliver);
  const delivered = () => deliver.mock.calls.map(([letters]) => letters.map(({ text }) => text));
  return { outbox, deliver, assemble, delivered };
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

test("a lost beacon goes with the next one, once", async () => {
  const { outbox, deliver, delivered } = setUp();
  deliver.mockImplementation((letters, _leaving, failed) => failed(letters));
  outbox.setOpen(true);
  for (const text of ["a", "b", "c"]) {
    outbox.put(text);
    await Promise.resolve();
  }
  expect(delivered()).toEqual([["a"], ["a", "b"], ["b", "c"]]);
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
