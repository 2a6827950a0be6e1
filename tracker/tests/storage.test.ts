import { afterEach, expect, test } from "vitest";
import { createKeep, readObject } from "../src/storage.ts";
import { refusedKeep } from "./refused.ts";

const keep = createKeep(() => localStorage);

afterEach(() => localStorage.clear());

test("what is written is read again by another page", () => {
  expect(keep.write("a", "1")).toBe(true);
  expect(createKeep(() => localStorage).read("a")).toBe("1");
  expect(localStorage.getItem("bellrock.a")).toBe("1");
});

test("what another tab writes is seen", () => {
  keep.write("a", "1");
  localStorage.setItem("bellrock.a", "2");
  expect(keep.read("a")).toBe("2");
});

test("storage that throws keeps values as long as the page and says so", () => {
  const refused = refusedKeep();
  expect(refused.write("a", "1")).toBe(false);
  expect(refused.read("a")).toBe("1");
  expect(refused.read("b")).toBe("");
});

test("clearing removes the tracker's values and nothing of the page", () => {
  localStorage.setItem("cart", "3");
  keep.write("a", "1");
  keep.clear();
  expect(Object.keys(localStorage)).toEqual(["cart"]);
});

test.each(["", "no json", "null", "7", "[]"])("a value that is %j has no fields", (value) => {
  localStorage.setItem("bellrock.a", value);
  expect(readObject(keep, "a").id).toBeUndefined();
});
