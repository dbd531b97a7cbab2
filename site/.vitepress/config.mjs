// The site's configuration. The pages are gathered before by build/site.mjs.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { keepAnchors } from "../build/anchors.mjs";
import { groupsOf } from "../build/contents.mjs";
import { slugify } from "../build/slugs.mjs";

const PACKAGE = fileURLToPath(new URL("../../pkg/", import.meta.url));
/** The log that the pages try things on. */
const SHOP = fileURLToPath(new URL("../../crates/simulate/tests/logs/shop.log", import.meta.url));
const packageFiles = [
  { find: /^holdover$/, replacement: join(PACKAGE, "dist/entry/inline.js") },
  { find: /^holdover\/testing$/, replacement: join(PACKAGE, "dist/testing/index.js") },
  // The command's parts, which the package exports to nobody else.
  { find: /^holdover-simulate$/, replacement: join(PACKAGE, "dist/simulate.js") },
  { find: /^holdover-simulate\.wasm/, replacement: join(PACKAGE, "dist/simulate.wasm") },
  { find: /^holdover-shop\.log/, replacement: SHOP },
];

/** The folder that build/site.mjs has gathered, and what it found. */
const GATHERED = process.env.HOLDOVER_SITE;
const { entries, hasRustdoc } = JSON.parse(await readFile(join(GATHERED, "site.json"), "utf8"));
const contents = await readFile(join(GATHERED, "pages/contents.md"), "utf8");

const apiItems = entries.map(({ name, page }) => ({ text: name, link: `/api/${page}` }));

/** Nothing in it folds: VitePress puts a button into a button there. */
const sidebar = groupsOf(contents).map(({ title, links }) => ({
  text: title,
  items: links.map(({ text, path }) => ({ text, link: `/${path}` })),
}));

/** Has texts with braces come out as they are: no page is a template. */
function keepBraces({ rules }) {
  for (const name of ["text", "code_inline"]) {
    const render = rules[name];
    rules[name] = (...given) => render(...given).replaceAll("{{", "&#123;&#123;");
  }
}

/** Shows a picture that there are two of in the scheme that it is for. */
function chooseScheme({ rules }) {
  const render = rules.image;
  rules.image = (tokens, at, ...given) => {
    const [, scheme] = /-(light|dark)\.svg$/.exec(tokens[at].attrGet("src")) ?? [];
    if (scheme !== undefined) tokens[at].attrJoin("class", `${scheme}-only`);
    return render(tokens, at, ...given);
  };
}

export default defineConfig({
  title: "holdover",
  description: "A cache for code that runs at the edge, which holds over when origins fail.",
  lang: "en",
  srcDir: join(GATHERED, "pages"),
  cacheDir: join(GATHERED, "cache"),
  // Nothing here changes by the hour of a build.
  lastUpdated: false,
  cleanUrls: false,
  // Relative to the site: it may be served below any path.
  base: process.env.HOLDOVER_BASE ?? "/",
  vite: {
    build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 2000 },
    // The playground has the built package itself.
    resolve: { alias: packageFiles },
    worker: { format: "es" },
  },
  // The front page of the theme has no landmark for its content; see theme/index.mjs, too.
  transformHtml: (html) => html.replace(/(<div class="VPContent is-home")/, '$1 role="main"'),
  markdown: {
    // Pages are plain markdown, as the forge shows them: `<T>` in a text is a text.
    html: false,
    anchor: { slugify },
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config(parser) {
      keepAnchors(parser);
      keepBraces(parser.renderer);
      chooseScheme(parser.renderer);
    },
    // Braces at the end of a text are a text.
    attrs: { disable: true },
    languageAlias: { "rust,ignore": "rust", "rust,compile_fail": "rust" },
  },
  head: [["link", { rel: "icon", href: `${process.env.HOLDOVER_BASE ?? "/"}icon.svg` }]],
  themeConfig: {
    nav: [
      { text: "Tutorial", link: "/tutorial" },
      { text: "All pages", link: "/contents" },
      { text: "Playground", link: "/playground" },
      { text: "Your traffic", link: "/what-if" },
      { text: "API", link: "/api/" },
      ...(hasRustdoc
        ? [{ text: "Rust API", link: "/rust/holdover/index.html", target: "_self" }]
        : []),
    ],
    sidebar: { "/api/": [{ text: "API of the npm package", items: apiItems }], "/": sidebar },
    outline: { level: [2, 3] },
    search: { provider: "local" },
    docFooter: { prev: "Before", next: "Next" },
  },
});
