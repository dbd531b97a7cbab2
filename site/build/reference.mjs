// The reference of the npm package, written from its declarations as pages of the site.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TYPEDOC = fileURLToPath(new URL("../node_modules/typedoc/bin/typedoc", import.meta.url));
const PLUGIN = fileURLToPath(
  new URL("../node_modules/typedoc-plugin-markdown/dist/index.js", import.meta.url),
);

const SETTINGS = {
  entryPointStrategy: "resolve",
  plugin: [PLUGIN],
  readme: "none",
  outputFileStrategy: "modules",
  entryFileName: "index",
  hidePageHeader: true,
  hideBreadcrumbs: true,
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  skipErrorChecking: true,
  parametersFormat: "list",
  interfacePropertiesFormat: "table",
  typeDeclarationFormat: "table",
  useCodeBlocks: true,
  // Its guesses of other parsers' anchors are off where names come twice.
  useHTMLAnchors: true,
  anchorPrefix: "api-",
  classPropertiesFormat: "table",
  groupOrder: ["Functions", "Variables", "Classes", "Interfaces", "Type Aliases", "*"],
  sort: ["alphabetical"],
  sanitizeComments: true,
  // Links in comments lead to what an entry exports; types of hosts are their own documents'.
  validation: { notExported: false, invalidLink: true, rewrittenLink: false },
  treatValidationWarningsAsErrors: true,
  cleanOutputDir: true,
};
const COMPILER = {
  target: "es2022",
  module: "esnext",
  moduleResolution: "bundler",
  lib: ["es2022", "esnext.disposable", "dom"],
  types: [],
  strict: true,
  skipLibCheck: true,
};

/** Returns the entries of the package that have declarations: `""`, `"fetch"`, `"stores/redis"`. */
async function entriesOf(home) {
  const { exports } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  return Object.entries(exports)
    .filter(([, conditions]) => conditions.types?.default?.endsWith(".d.ts"))
    .map(([subpath]) => subpath.slice(2))
    .filter((entry) => entry !== "slim/service-worker"); // The same declarations once more.
}

/**
 * Writes the reference into a folder of pages.
 *
 * @param home the built package
 * @param scratch a folder for files on the way
 * @param to the folder of the pages
 */
export async function writeReference(home, scratch, to) {
  const entries = await entriesOf(home);
  await rm(scratch, { recursive: true, force: true });
  const copy = join(scratch, "node_modules/holdover");
  await copyDeclarations(home, copy);
  const files = [];
  for (const entry of entries) {
    const file = join(scratch, `${entry || "holdover"}.ts`);
    await mkdir(dirname(file), { recursive: true });
    const comment = await takeComment(copy, entry);
    await writeFile(file, `${comment}\nexport * from "${nameOf(entry)}";\n`);
    files.push(file);
  }
  await writeFile(
    join(scratch, "tsconfig.json"),
    JSON.stringify({ compilerOptions: COMPILER, files }),
  );
  const options = {
    ...SETTINGS,
    name: "API of the npm package",
    basePath: scratch,
    entryPoints: files,
    out: to,
  };
  await writeFile(join(scratch, "typedoc.json"), JSON.stringify(options));
  const child = spawn(process.execPath, [TYPEDOC], { cwd: scratch, stdio: "inherit" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`typedoc ended with ${code}`);
  await nameTitles(to, entries);
}

const nameOf = (entry) => (entry === "" ? "holdover" : `holdover/${entry}`);

async function copyDeclarations(home, to) {
  const filter = async (path) =>
    (await stat(path)).isDirectory() || /\.d\.ts$|package\.json$/.test(path);
  await cp(join(home, "package.json"), join(to, "package.json"));
  await cp(join(home, "dist"), join(to, "dist"), { recursive: true, filter });
}

/**
 * Takes the comment at the beginning of an entry's declarations: it is that of the entry's page, and
 * would be taken for that of the first export, too.
 */
async function takeComment(home, entry) {
  const { exports } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  const { types } = exports[entry === "" ? "." : `./${entry}`];
  const file = join(home, types.default);
  const text = await readFile(file, "utf8");
  const [comment] = /^\/\*\*[\s\S]*?\*\//.exec(text) ?? ["/** */"];
  if (text.startsWith(comment) && /^\s*export (?:type )?[{*]/.test(text.slice(comment.length))) {
    await writeFile(file, text.slice(comment.length));
  }
  return comment.replace(/\s*\*\/$/, "\n *\n * @packageDocumentation\n */");
}

/** Calls each page as its entry is imported. */
async function nameTitles(to, entries) {
  const names = new Map(entries.map((entry) => [`${entry || "holdover"}.md`, nameOf(entry)]));
  for (const file of await readdir(to, { recursive: true })) {
    const name = names.get(file);
    if (name === undefined) continue;
    const path = join(to, file);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/^# .*$/m, `# ${name}`));
  }
}
