import { afterEach, expect, test, vi } from "vitest";
import { isTaken, openQueue, type Queue } from "../src/queue.ts";

afterEach(() => {
  vi.restoreAllMocks();
  delete window.bellrock;
});

test("options come first, then what waited, then what is pushed", () => {
  window.bellrock = ["waited"];
  const seen: unknown[] = [];
  openQueue(["option"], (command) => seen.push(command));
  (window.bellrock as Queue).push("one", "two");
  expect(seen).toEqual(["option", "waited", "one", "two"]);
});

test("push never throws into the page", () => {
  vi.spyOn(console, "warn").mockReturnValue();
  openQueue([], () => {
    throw new Error("broken");
  });
  expect(() => (window.bellrock as Queue).push("x")).not.toThrow();
  expect(console.warn).toHaveBeenCalled();
});

test("a page is taken once a tracker has opened the queue", () => {
  expect(isTaken()).toBe(false);
  window.bellrock = [];
  expect(isTaken()).toBe(false);
  openQueue([], () => {});
  expect(isTaken()).toBe(true);
});
