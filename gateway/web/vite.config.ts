import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const outDir = "../../build/web.new";
// What a first visit may load of script, compressed: a second on a slow phone. Pages that are loaded
// when they are looked at do not count.
const MAX_SCRIPT_BYTES = 60 * 1024;

// Compresses once here what the gateway would otherwise compress for everybody.
function precompress(): Plugin {
  const first = new Set<string>();
  return {
    name: "precompress",
    apply: "build",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk" || !chunk.isEntry) continue;
        const names = [chunk.fileName, ...chunk.imports];
        for (const name of names) {
          first.add(name);
          const imported = bundle[name];
          if (imported?.type === "chunk") names.push(...imported.imports.filter((n) => !names.includes(n)));
        }
      }
    },
    closeBundle() {
      let script = 0;
      for (const name of readdirSync(outDir, { recursive: true, encoding: "utf8" })) {
        if (!/\.(html|js|css|svg)$/.test(name)) continue;
        const bytes = gzipSync(readFileSync(join(outDir, name)), { level: 9 });
        writeFileSync(join(outDir, `${name}.gz`), bytes);
        if (first.has(name)) script += bytes.length;
      }
      if (script === 0 || script > MAX_SCRIPT_BYTES)
        throw new Error(`${script} bytes of compressed script; ${MAX_SCRIPT_BYTES} at most`);
    },
  };
}

export default defineConfig({
  // No inline script or style, and no data: address for a script: the policy refuses them.
  build: {
    outDir,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [precompress()],
});
