import { describe, expect, it } from "vitest";
import { instant } from "../src/format.ts";
import { freshness } from "../src/header/freshness.ts";

const event = { site: "shop-a", now: "2026-11-23T12:42:07.120Z", lag_seconds: 0.21 };

describe("how new what is seen is", () => {
  it("is how long the newest beacon had waited, where an engine folds", () => {
    const { text, hint } = freshness({ ...event, watermark: "2026-11-23T12:42:06.880Z" });
    expect(text).toBe("0.2 s behind");
    expect(hint).toMatch(/^newest beacon 23 Nov, \d\d:42$/);
  });

  it("is the newest minute over a search store, and no lag", () => {
    const told = freshness({ ...event, lag_seconds: null, watermark: "2026-11-23T12:41:00.000Z" });
    expect(told.text).toMatch(/^newest minute \d\d:41$/);
    expect(told.hint).toMatch(/^newest minute in the store: 23 Nov, \d\d:41$/);
  });

  it("has the day where that is not today's", () => {
    const watermark = "2026-11-20T12:41:00.000Z";
    const { text } = freshness({ ...event, lag_seconds: null, watermark });
    expect(text).toBe(`newest minute ${instant(new Date(watermark))}`);
    expect(text).toContain("20 Nov");
  });

  it("is nothing before the first beacon", () => {
    expect(freshness({ ...event, lag_seconds: 0, watermark: null }).text).toBe("no beacon yet");
    expect(freshness({ ...event, lag_seconds: null, watermark: null }).text).toBe(
      "no new beacon yet",
    );
  });
});
