/**
 * The size budget: enters a bundle, leaves a printed line; a bundle over the budget fails the build.
 *
 * The figure is Brotli at its highest quality, as the collector serves the file.
 */
import { brotliCompressSync } from "node:zlib";
import type { Plugin } from "vite";

/** Fails the build when a chunk is larger than `limit` bytes after Brotli. */
export function budget(limit: number): Plugin {
  return {
    name: "budget",
    generateBundle(_options, bundle) {
      for (const [file, output] of Object.entries(bundle)) {
        if (output.type !== "chunk") continue;
        const size = brotliCompressSync(output.code).length;
        const figures = `${file}: ${size} bytes with Brotli, the budget is ${limit}`;
        if (size > limit) this.error(`${figures}. Make it smaller before it ships.`);
        else process.stdout.write(`\n${figures}`);
      }
    },
  };
}
