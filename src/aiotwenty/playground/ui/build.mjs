// Bundles the page into ../static: two files, nothing from other hosts. The same sources give the same bytes.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const banner = "/* Written by `make playground` from ui/: change that, not this file. */";

// GraphiQL brings two fonts as base64, half a megabyte; the system's own are used instead.
const withoutFonts = {
  name: "without-fonts",
  setup({ onLoad }) {
    onLoad({ filter: /graphiql[/\\]dist[/\\]style\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(/@font-face\s*{[^}]*}/g, ""),
      loader: "css",
    }));
  },
};

const { metafile } = await build({
  entryPoints: { app: "source/main.jsx" },
  outdir: "../static",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  banner: { js: banner, css: banner },
  plugins: [withoutFonts],
  logLevel: "warning",
  metafile: true,
});

// Who wrote what is in the bundle, and under which terms.
const packages = new Set(
  Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.keys(inputs))
    .map((path) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1])
    .filter(Boolean),
);
const notices = [];
for (const name of [...packages].sort()) {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? (await readFile(`${folder}/${file}`, "utf8")).trim() : "";
  notices.push(`${name} ${version} (${license})\n\n${text}`);
}
await writeFile("../static/LICENSES.txt", `${banner.slice(3, -3)}\n\n${notices.join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
