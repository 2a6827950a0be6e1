/**
 * The script budget: after each build, prints the Brotli size of every script and fails above the limit.
 * What counts is everything the page can ever load, charts included.
 */
import { brotliCompressSync } from "node:zlib";
import type { Plugin } from "vite";

/** A Vite plugin; `limit` is in bytes after Brotli at its highest quality. */
export function scriptBudget(limit: number): Plugin {
  return {
    name: "script-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      let total = 0;
      for (const output of Object.values(bundle)) {
        if (output.type !== "chunk") continue;
        const size = brotliCompressSync(output.code).length;
        total += size;
        this.info(`${output.fileName}: ${kilobytes(size)} Brotli`);
      }
      this.info(`scripts: ${kilobytes(total)} of ${kilobytes(limit)} Brotli`);
      if (total > limit) {
        this.error(
          `scripts weigh ${kilobytes(total)}, more than ${kilobytes(limit)}: load less, or argue for a higher limit in vite.config.ts`,
        );
      }
    },
  };
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} KB`;
}
