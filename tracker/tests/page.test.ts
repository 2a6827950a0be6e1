import { expect, test } from "vitest";
import { cleanAddress } from "../src/page.ts";

test("the query keeps only allowlisted parameters, and the fragment is cut", () => {
  const address = "https://shop.example/p/1?email=a%40b.c&utm_source=mail&x=1#top";
  expect(cleanAddress(address, [])).toBe("https://shop.example/p/1");
  expect(cleanAddress(address, ["utm_source", "x"])).toBe(
    "https://shop.example/p/1?utm_source=mail&x=1",
  );
});

test("user name and password are cut", () => {
  expect(cleanAddress("https://me:secret@shop.example/", [])).toBe("https://shop.example/");
});

test("an address is cut at 2048 characters", () => {
  expect(cleanAddress(`https://shop.example/${"a".repeat(3000)}`, [])).toHaveLength(2048);
});

test("what is no address is nothing", () => {
  expect(cleanAddress("", [])).toBeUndefined();
});
