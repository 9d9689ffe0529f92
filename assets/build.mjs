// Builds the style sheet and the script into the package and records what they were built from.
// Only needed when something in this folder changes: npm ci && npm run build. check.py proves the record.

import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

import { build } from "esbuild"
import { compile } from "sass"

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(here)
const out = join(root, "src/throughcare/web/static/throughcare")
const notice = "/*! Contains GOV.UK Frontend and MoJ Frontend, MIT licence: see LICENCES.txt */\n"

const { css } = compile(join(here, "app.scss"), { loadPaths: [here], style: "compressed", quietDeps: true })
writeFileSync(join(out, "app.css"), notice + css.replace(/^\uFEFF/, "") + "\n")

await build({
  absWorkingDir: here,
  banner: { js: notice.trim() },
  bundle: true,
  charset: "utf8",
  entryPoints: ["app.js"],
  format: "esm",
  legalComments: "none",
  minify: true,
  outfile: join(out, "app.js"),
  target: "es2020",
})

const recorded = (paths) =>
  Object.fromEntries(
    paths.map((path) => [relative(root, path), createHash("sha256").update(readFileSync(path)).digest("hex")]),
  )
const inputs = ["app.js", "app.scss", "build.mjs", "package-lock.json", "package.json"].map((name) => join(here, name))
const outputs = ["app.css", "app.js"].map((name) => join(out, name))
const record = { inputs: recorded(inputs), outputs: recorded(outputs) }
writeFileSync(join(here, "built.json"), JSON.stringify(record, null, 2) + "\n")
