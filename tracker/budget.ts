/**
 * The size budget: enters a bundle, leaves each script in Brotli beside it, and a printed line.
 *
 * Always holds: what is measured is what the collector sends, and a bundle over the budget fails the build.
 */
import { brotliCompressSync } from "node:zlib";
import type { Plugin } from "vite";

/** Writes `FILE.br`; fails the build when it is larger than `limit` bytes. */
export function budget(limit: number): Plugin {
  return {
    name: "budget",
    generateBundle(_options, bundle) {
      for (const [file, output] of Object.entries(bundle)) {
        if (output.type !== "chunk") continue;
        // At its highest quality, as is the default.
        const source = brotliCompressSync(output.code);
        const figures = `${file}: ${source.length} bytes with Brotli, the budget is ${limit}`;
        if (source.length > limit) this.error(`${figures}. Make it smaller before it ships.`);
        process.stdout.write(`\n${figures}`);
        this.emitFile({ type: "asset", fileName: `${file}.br`, source });
      }
    },
  };
}
