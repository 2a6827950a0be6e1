import { defineConfig } from "vitest/config";
import { scriptBudget } from "./budget.ts";

// `API=http://127.0.0.1:8090 npm run dev` serves the sources against a running `bellrock serve`.
const api = process.env.API ?? "http://127.0.0.1:8090";

export default defineConfig({
  build: {
    outDir: "../src/bellrock/assets/dashboard",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
  },
  plugins: [scriptBudget(400_000)],
  server: { host: "127.0.0.1", proxy: { "/api": { target: api } } },
  test: { include: ["tests/**/*.test.ts"], sequence: { shuffle: true } },
});
