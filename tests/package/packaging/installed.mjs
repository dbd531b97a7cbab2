// The package under test: as packed, and as extracted into node_modules by `cargo xtask`.
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";

const require = createRequire(import.meta.url);

/** The folder of the installed package. */
export const HOME = dirname(require.resolve("holdover/package.json"));

/** Its package.json. */
export const manifest = JSON.parse(await readFile(join(HOME, "package.json"), "utf8"));

/** The bytes of the tarball it came from. */
export async function tarball() {
  const target = new URL("../../../target/", import.meta.url);
  return readFile(new URL(`holdover-${manifest.version}.tgz`, target));
}

/** The paths of all its files, with slashes, sorted. */
export async function files() {
  const entries = await readdir(HOME, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(HOME, join(entry.parentPath ?? entry.path, entry.name)))
    .map((path) => path.split(sep).join("/"))
    .sort();
}

/** Every `[subpath, conditions, target]` of its `exports`, in order; conditions as `a/b`. */
export function exportTargets() {
  return Object.entries(manifest.exports).flatMap(([subpath, conditions]) =>
    targetsIn(conditions, []).map(([path, target]) => [subpath, path, target]),
  );
}

function targetsIn(conditions, path) {
  if (typeof conditions === "string") return [[path.join("/") || "default", conditions]];
  return Object.entries(conditions).flatMap(([name, inner]) => targetsIn(inner, [...path, name]));
}
