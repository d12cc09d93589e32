import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(here, "../hierwidgets/static");

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  loader: { ".css": "text" },
  outdir: target,
  logLevel: "info",
};

const asText = {
  name: "as-text",
  setup(build) {
    build.onResolve({ filter: /\?raw$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.replace(/\?raw$/, "")),
      namespace: "as-text",
    }));
    build.onLoad({ filter: /.*/, namespace: "as-text" }, async ({ path }) => {
      const { outputFiles, metafile } = await esbuild.build({
        ...common,
        entryPoints: [path],
        format: "iife",
        write: false,
        metafile: true,
        logLevel: "warning",
      });
      const watchFiles = Object.keys(metafile.inputs).map((file) => resolve(here, file));
      return { contents: outputFiles[0].text, loader: "text", watchFiles };
    });
  },
};

const compress = {
  name: "compress",
  setup(build) {
    build.onEnd(async (result) => {
      if (result.errors.length > 0) return;
      for (const { contents } of result.outputFiles) {
        const packed = gzipSync(contents, { level: 9 });
        await writeFile(resolve(target, "runtime.mjs.gz"), packed);
        console.log(`runtime.mjs.gz ${Math.round(packed.length / 1024)} KB`);
      }
    });
  },
};

const runtime = {
  ...common,
  entryPoints: { runtime: "src/index.ts" },
  write: false,
  plugins: [asText, compress],
};
const standalone = { ...common, entryPoints: { standalone: "src/standalone.ts" } };

await mkdir(target, { recursive: true });
if (process.argv.includes("--watch")) {
  for (const options of [runtime, standalone]) await (await esbuild.context(options)).watch();
} else {
  await Promise.all([esbuild.build(runtime), esbuild.build(standalone)]);
}
