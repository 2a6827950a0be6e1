import { defineConfig } from "vitest/config";
import { budget } from "./budget.ts";

const BROTLI_BYTES = 6 * 1024;
const NOTICE = "/*! Apache-2.0: bellrock, web-vitals (Google) */";

export default defineConfig({
  build: {
    target: "es2022",
    outDir: "../src/bellrock/assets/tracker",
    emptyOutDir: true,
    sourcemap: true,
    reportCompressedSize: false,
    minify: "terser",
    terserOptions: {
      ecma: 2020,
      compress: { passes: 3, pure_getters: true, unsafe_arrows: true },
    },
    lib: {
      entry: "src/main.ts",
      formats: ["iife"],
      name: "bellrockTracker",
      fileName: () => "t.js",
    },
    rolldownOptions: { output: { banner: NOTICE, minify: { compress: true, mangle: true } } },
  },
  plugins: [budget(BROTLI_BYTES)],
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"], sequence: { shuffle: true } },
});
