import { expect, test } from "vitest";
import { createImpression, record, takeSeq } from "../src/impression.ts";

test("seq counts from 0 to 63 and then there is none", () => {
  const impression = createImpression("navigate", 0);
  const numbers = Array.from({ length: 66 }, () => takeSeq(impression, "vitals"));
  expect(numbers).toEqual([...Array.from({ length: 64 }, (_, i) => i), undefined, undefined]);
});

test("events leave the last numbers to vitals and orders", () => {
  const impression = createImpression("navigate", 0);
  const numbers = Array.from({ length: 60 }, () => takeSeq(impression, "event"));
  expect(numbers.filter((seq) => seq !== undefined)).toHaveLength(56);
  expect(takeSeq(impression, "order")).toBe(56);
});

test("timers keep microseconds and cls six decimals", () => {
  const impression = createImpression("navigate", 0);
  record(impression, "lcp", 812.29999995);
  record(impression, "fcp", 0.1234);
  record(impression, "cls", 0.12345678);
  expect(impression.timers).toEqual({ lcp: 812.3, fcp: 0.123, cls: 0.123457 });
});
