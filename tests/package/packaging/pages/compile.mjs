// Compiles blocks of code of pages, each as a module of its own.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript-5.9";

const NAMES = fileURLToPath(new URL("names.d.ts", import.meta.url));
const OPTIONS = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noEmit: true,
  skipLibCheck: true,
};

/**
 * Compiles blocks, each of which sees what earlier ones of its page have imported, and the names that
 * readers have (`names.d.ts`). Those in JavaScript may leave types of parameters out.
 *
 * @param blocks with `page`, `number`, `language` and `code`
 * @param home the project whose packages they import
 * @param more further files with declarations
 * @returns what the compiler says, a line each, by page and block
 */
export async function complaintsAbout(blocks, home, more = []) {
  // Below `node_modules`, where nobody looks and `holdover` is found.
  const folder = await mkdtemp(join(home, "node_modules/.pages-"));
  try {
    const files = await writeModules(blocks, folder);
    const isLoose = ([, { language }]) => language === "js";
    const all = [...files];
    const compile = (some, options) => complaints(new Map(some), [NAMES, ...more], home, options);
    return [
      ...compile(
        all.filter((file) => !isLoose(file)),
        {},
      ),
      ...compile(all.filter(isLoose), { noImplicitAny: false }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeModules(blocks, folder) {
  const files = new Map();
  const imported = new Map();
  for (const [nth, block] of blocks.entries()) {
    const own = importsOf(block.code);
    const names = new Set(own.map(({ name }) => name));
    const before = (imported.get(block.page) ?? []).filter(({ name }) => !names.has(name));
    const missing = before.filter(({ name }) => !declares(block.code, name));
    // In the line of the block's first one, so that lines are the page's.
    const text = `${missing.map(({ text }) => text).join(" ")}${block.code}\nexport {};\n`;
    const path = join(folder, `block-${nth}.ts`);
    await writeFile(path, text);
    files.set(path, block);
    imported.set(block.page, [...before, ...own]);
  }
  return files;
}

/** Returns what a module imports of the package: names, and an import of each. */
function importsOf(code) {
  const source = ts.createSourceFile("block.ts", code, ts.ScriptTarget.ES2022, true);
  return source.statements.filter(ts.isImportDeclaration).flatMap((statement) => {
    const from = statement.moduleSpecifier.getText();
    const named = statement.importClause?.namedBindings;
    if (!named || !ts.isNamedImports(named) || !/^"holdover/.test(from)) return [];
    return named.elements.map((part) => ({
      name: part.name.text,
      text: `import { ${part.getText()} } from ${from};`,
    }));
  });
}

const declares = (code, name) =>
  new RegExp(`\\b(?:const|let|function|class|type|interface) (?:\\{[^}]*)?\\b${name}\\b`).test(
    code,
  );

function complaints(files, declarations, home, options) {
  const typeRoots = [join(home, "node_modules/@types")];
  const roots = [...declarations, ...files.keys()];
  const program = ts.createProgram(roots, { ...OPTIONS, typeRoots, ...options });
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const block = files.get(file?.fileName);
    const line = file?.getLineAndCharacterOfPosition(start).line ?? 0;
    const at = block ? `${block.page} block ${block.number} line ${line + 1}` : file?.fileName;
    return `${at}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}
