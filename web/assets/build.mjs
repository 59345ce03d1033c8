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

// The pictures by which a class of the youngest knows itself (portal/pictures.h): Microsoft's Fluent Emoji, MIT licence.
const emoji = JSON.parse(await readFile("node_modules/@iconify-json/fluent-emoji-flat/icons.json", "utf8"));
const pictures = {
  bear: "bear",
  bee: "honeybee",
  butterfly: "butterfly",
  cat: "cat-face",
  dog: "dog-face",
  fish: "tropical-fish",
  fox: "fox",
  frog: "frog",
  hedgehog: "hedgehog",
  ladybird: "lady-beetle",
  owl: "owl",
  rabbit: "rabbit-face",
};
for (const [name, source] of Object.entries(pictures)) {
  const { body, width = emoji.width, height = emoji.height } = emoji.icons[source];
  const licence = "<!-- Fluent Emoji, (c) Microsoft Corporation, MIT licence -->";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}">${licence}${body}</svg>\n`;
  await writeFile(path.join(out, `picture-${name}.svg`), svg);
}

const icon = await readFile("favicon.svg", "utf8");
await writeFile(path.join(out, "favicon.svg"), icon.trim() + "\n");
