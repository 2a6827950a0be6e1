import { afterEach, expect, test, vi } from "vitest";
import { readOptions } from "../src/options.ts";

function script(attributes: Record<string, string>): HTMLScriptElement {
  const element = document.createElement("script");
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const SOURCE = { src: "https://c.example/static/t.js", "data-site": "shop-a", type: "text/plain" };

afterEach(() => vi.restoreAllMocks());

test("one line of HTML is enough", () => {
  expect(readOptions(script(SOURCE))).toMatchObject({
    site: "shop-a",
    endpoint: "https://c.example/b",
    commands: [
      ["consent", true],
      ["page", {}],
    ],
  });
});

test("an endpoint of one's own is taken relative to the page", () => {
  location.href = "https://shop.example/cart";
  const options = readOptions(script({ ...SOURCE, "data-endpoint": "/metrics/b" }));
  expect(options?.endpoint).toBe("https://shop.example/metrics/b");
});

test("test, label and release become commands", () => {
  const options = readOptions(
    script({
      ...SOURCE,
      "data-test": "speed",
      "data-groups": "A:0.5, B:0.5",
      "data-label": "home",
      "data-release": "r7",
    }),
  );
  expect(options?.commands).toContainEqual(["page", { label: "home", release: "r7" }]);
  expect(options?.commands).toContainEqual([
    "test",
    { name: "speed", group: undefined, groups: { A: 0.5, B: 0.5 } },
  ]);
});

test("required consent is not given by the tracker, nor taken back", () => {
  const options = readOptions(script({ ...SOURCE, "data-consent": "required" }));
  expect(options?.commands.map((command) => (command as unknown[])[0])).not.toContain("consent");
});

test("lists are separated by spaces or commas", () => {
  const options = readOptions(
    script({ ...SOURCE, "data-parameters": "utm_source, ref", "data-silent-on": "gpc webdriver" }),
  );
  expect(options?.parameters).toEqual(["utm_source", "ref"]);
  expect(options?.silentOn).toEqual(["gpc", "webdriver"]);
});

test.each([
  ["data-site", { src: SOURCE.src }],
  ["data-endpoint", { "data-site": "shop-a" }],
  ["data-endpoint", { ...SOURCE, "data-endpoint": "https://" }],
])("without a usable %s the tracker does not run and says so", (name, attributes) => {
  const warn = vi.spyOn(console, "warn").mockReturnValue();
  expect(readOptions(script({ type: "text/plain", ...attributes }))).toBeUndefined();
  expect(warn.mock.calls[0]?.[0]).toContain(name);
});
