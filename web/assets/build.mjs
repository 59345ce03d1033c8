// Makes what the pages load out of its sources: node build.mjs OUTPUT. Called by cmake/Assets.cmake in a folder that has
// these sources and node_modules beside them.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import * as esbuild from "esbuild";
import * as sass from "sass";

const out = process.argv[2];
await mkdir(out, { recursive: true });

const style = sass.compile("style.scss", { loadPaths: ["node_modules"], style: "compressed", quietDeps: true });
await writeFile(path.join(out, "style.css"), style.css);

await esbuild.build({
  entryPoints: ["pages.js", "charts.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2020",
  legalComments: "inline", // licences stay with their code
  charset: "ascii",
  outdir: out,
});

const icon = await readFile("favicon.svg", "utf8");
await writeFile(path.join(out, "favicon.svg"), icon.trim() + "\n");
