import { defineConfig } from "vitest/config";
import { budget } from "./budget.ts";
import { lean } from "./lean.ts";

/** Bytes in Brotli: what every visitor downloads, and what those of a site that looks for causes do. */
const BUDGET = 6 * 1024;
const ATTRIBUTION_BUDGET = 9 * 1024;
const NOTICE = "/*! Apache-2.0: bellrock, web-vitals (Google) */";
/** Names that never leave the script: web-vitals' begin with an underscore. */
const INTERNAL =
  /^(_[a-z].*|begin|defer|firstHiddenTime|flush|isUsed|keep|measure|standBy|takeBack|leave|navigation(InteractionId|StartTime|Type)|onHidden|put|read|report(AllChanges|SoftNavs)|setOpen|softId|spare|startedAt|told|elements|errors|whenOpen|write)$/;

export default defineConfig(({ mode }) => {
  const attributes = mode === "attribution";
  const attribution = new URL("node_modules/web-vitals/dist/modules/attribution/", import.meta.url);
  return {
    define: { ATTRIBUTES: String(attributes) },
    resolve: {
      alias: attributes ? [{ find: /^web-vitals\//, replacement: attribution.pathname }] : [],
    },
    build: {
      target: "es2022",
      outDir: "../src/bellrock/assets/tracker",
      emptyOutDir: !attributes,
      sourcemap: true,
      reportCompressedSize: false,
      minify: "terser",
      terserOptions: {
        ecma: 2020,
        toplevel: true,
        compress: { passes: 3, keep_fargs: false, pure_getters: true, unsafe_arrows: true },
        mangle: { properties: { regex: INTERNAL } },
      },
      lib: {
        entry: "src/main.ts",
        formats: ["iife"],
        name: "bellrockTracker",
        fileName: () => (attributes ? "t.attribution.js" : "t.js"),
      },
      rolldownOptions: {
        output: { postBanner: NOTICE, minify: { compress: true, mangle: true } },
      },
    },
    plugins: attributes ? [budget(ATTRIBUTION_BUDGET)] : [lean(), budget(BUDGET)],
    test: {
      environment: "happy-dom",
      include: ["tests/**/*.test.ts"],
      sequence: { shuffle: true },
    },
  };
});
