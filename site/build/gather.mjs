// Gathers the pages of the site: those of docs/ and a few others, with links that hold in the site.

import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { themed } from "./pictures.mjs";

/** Pages from outside docs/, and the places that they get. */
const OTHERS = {
  "site/index.md": "index.md",
  "site/playground.md": "playground.md",
  "site/what-if.md": "what-if.md",
  "docs/README.md": "contents.md",
  "pkg-template/README.md": "start.md",
  "bench/RESULTS.md": "bench/results.md",
  "bench/RESULTS-RUST.md": "bench/results-rust.md",
  "ARCHITECTURE.md": "architecture.md",
  "CHANGELOG.md": "changelog.md",
  "CONTRIBUTING.md": "contributing.md",
};
/** Other files that lead to a page. */
const ALIASES = { "README.md": "site/index.md" };
/** Pages of rows for maintainers, in which nobody should land by a search. */
const UNSEARCHED = new Set(["docs/semantics.md", "docs/reported.md", "CHANGELOG.md"]);
const FENCE = /^(```.*\n[\s\S]*?^```$)/m;
const LINK = /(!?)\[((?:[^\][]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g;

/** Returns the pages: paths in the repository, and their places in the site. */
async function places(root) {
  const names = await readdir(join(root, "docs"), { recursive: true });
  const pages = names.filter((name) => name.endsWith(".md") && name !== "README.md");
  return new Map([...pages.map((name) => [`docs/${name}`, name]), ...Object.entries(OTHERS)]);
}

/**
 * Writes all pages, and the pictures that they show, into a folder.
 *
 * @param root the repository
 * @param to the folder
 * @param repository the address of the repository, if it has one: links to its other files lead there
 */
export async function gather(root, to, repository) {
  const pages = await places(root);
  for (const [from, place] of pages) {
    const text = await readFile(join(root, from), "utf8");
    const pictures = new Map();
    const rewritten = rewrite(text, { from, place, pages, pictures, repository });
    const head = UNSEARCHED.has(from) ? "---\nsearch: false\n---\n\n" : "";
    await write(join(to, place), head + rewritten);
    for (const [picture, target] of pictures)
      await copyPicture(join(root, picture), join(to, target));
  }
  return pages;
}

async function write(path, text) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Copies a picture; one that follows the reader's scheme becomes two, as the site has a switch. */
async function copyPicture(from, to) {
  if (!from.endsWith(".svg")) return cp(from, to);
  const { light, dark } = themed(await readFile(from, "utf8"));
  await write(to.replace(/\.svg$/, "-light.svg"), light);
  await write(to.replace(/\.svg$/, "-dark.svg"), dark);
}

/** Rewrites the links of a page outside its code. */
function rewrite(text, context) {
  const parts = text.replaceAll(/^<!--.*?-->\n+/gms, "").split(FENCE);
  return parts
    .map((part) => (part.startsWith("```") ? part : part.replaceAll(LINK, linkIn(context))))
    .join("");
}

const linkIn = (context) => (whole, mark, text, target) => {
  if (/^(?:[a-z]+:|#|\/)/.test(target)) return whole;
  const [path, hash] = target.split("#");
  const file = posix.normalize(posix.join(posix.dirname(context.from), path));
  if (mark !== "") return picture(context, file, text);
  // A badge: its picture is a link within this one.
  const label = text.replaceAll(LINK, linkIn(context));
  const place = context.pages.get(ALIASES[file] ?? file);
  const end = hash === undefined ? "" : `#${hash}`;
  if (place !== undefined) {
    const link = posix.relative(posix.dirname(context.place), place);
    return `[${label}](${link.startsWith(".") ? link : `./${link}`}${end})`;
  }
  const { repository } = context;
  return repository ? `[${label}](${repository}/blob/main/${file}${end})` : label;
};

function picture({ place, pictures }, file, text) {
  const name = `pictures/${posix.basename(file)}`;
  pictures.set(file, name);
  const link = posix.relative(posix.dirname(place), name);
  const path = link.startsWith(".") ? link : `./${link}`;
  if (!path.endsWith(".svg")) return `![${text}](${path})`;
  const [light, dark] = ["light", "dark"].map((scheme) => path.replace(/\.svg$/, `-${scheme}.svg`));
  return `![${text}](${light}) ![${text}](${dark})`;
}
