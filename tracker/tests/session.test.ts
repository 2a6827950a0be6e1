import { afterEach, expect, test } from "vitest";
import { touchSession } from "../src/session.ts";
import { createKeep } from "../src/storage.ts";
import { refusedKeep } from "./refused.ts";

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 23, 5, 42);
const keep = createKeep(() => localStorage);

afterEach(() => localStorage.clear());

test("a session id is 22 characters of base64url", () => {
  expect(touchSession(keep, "shop", NOW)).toMatch(/^[A-Za-z0-9_-]{22}$/);
});

test("a session goes on while less than 30 minutes pass between activities", () => {
  const first = touchSession(keep, "shop", NOW);
  expect(touchSession(keep, "shop", NOW + 29 * MINUTE)).toBe(first);
  expect(touchSession(keep, "shop", NOW + 58 * MINUTE)).toBe(first);
});

test("after 30 minutes of inactivity there is a new session", () => {
  const first = touchSession(keep, "shop", NOW);
  expect(touchSession(keep, "shop", NOW + 30 * MINUTE)).not.toBe(first);
});

test("a clock that was set back by hours begins a new session", () => {
  const first = touchSession(keep, "shop", NOW);
  expect(touchSession(keep, "shop", NOW - 120 * MINUTE)).not.toBe(first);
});

test("two sites on one origin have sessions of their own", () => {
  expect(touchSession(keep, "a", NOW)).not.toBe(touchSession(keep, "b", NOW));
});

test("an impression's own session is kept alive as it is", () => {
  expect(touchSession(keep, "shop", NOW, "own-session-of-this-page")).toBe(
    "own-session-of-this-page",
  );
  expect(touchSession(keep, "shop", NOW + MINUTE)).toBe("own-session-of-this-page");
});

test("without storage the session lasts as long as the page", () => {
  const refused = refusedKeep();
  const first = touchSession(refused, "shop", NOW);
  expect(touchSession(refused, "shop", NOW + MINUTE)).toBe(first);
});
