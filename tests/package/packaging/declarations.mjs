// The public declarations of the package, read with TypeScript's own parser.

import { join, relative } from "node:path";
import ts from "typescript-5.9";
import { exportTargets, HOME } from "./installed.mjs";

/** The declarations of each entry: `[subpath, file]`. */
const ENTRIES = exportTargets()
  .filter(([subpath, condition]) => condition === "types/default" && !subpath.endsWith(".wasm"))
  .map(([subpath, , target]) => [subpath, join(HOME, target)]);

/**
 * Reads what the entries export, and what the declarations of that name and contain.
 *
 * @returns `exported`: names with `subpath` and `declarations`; `hidden`: types that are named in
 *   public signatures and exported by no entry; `bare`: public members without a comment
 */
export function readDeclarations() {
  const program = ts.createProgram(
    ENTRIES.map(([, file]) => file),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      types: [],
      strict: true,
      noEmit: true,
    },
  );
  const checker = program.getTypeChecker();
  const exported = new Map();
  for (const [subpath, file] of ENTRIES) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    for (const symbol of checker.getExportsOfModule(module)) {
      exported.set(originalOf(checker, symbol), `${subpath} ${symbol.name}`);
    }
  }
  const hidden = new Map();
  const bare = [];
  for (const [symbol, name] of exported) {
    for (const declaration of symbol.declarations ?? []) {
      if (!isOurs(declaration)) continue;
      for (const used of namesIn(checker, declaration)) {
        if (!exported.has(used)) hidden.set(used.name, name);
      }
      bare.push(...bareIn(checker, declaration, name));
    }
  }
  return { exported: [...exported.values()], hidden: [...hidden.keys()], bare: [...new Set(bare)] };
}

function originalOf(checker, symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function isOurs(node) {
  return !relative(HOME, node.getSourceFile().fileName).startsWith("..");
}

function isPrivate(node) {
  return (
    (node.name !== undefined && ts.isPrivateIdentifier(node.name)) ||
    (ts.canHaveModifiers(node) &&
      ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword))
  );
}

/** The package's own types that a declaration names, but for its type parameters and itself. */
function* namesIn(checker, declaration) {
  const stack = [declaration];
  while (stack.length > 0) {
    const node = stack.pop();
    if (isPrivate(node)) continue;
    const name = namedBy(node);
    const symbol = name && checker.getSymbolAtLocation(name);
    const original = symbol && originalOf(checker, symbol);
    const isParameter = original && (original.flags & ts.SymbolFlags.TypeParameter) !== 0;
    if (original?.declarations?.some(isOurs) && !isParameter) yield original;
    ts.forEachChild(node, (child) => void stack.push(child));
  }
}

function namedBy(node) {
  if (ts.isTypeReferenceNode(node)) return lastOf(node.typeName);
  if (ts.isExpressionWithTypeArguments(node)) return node.expression;
  if (ts.isTypeQueryNode(node)) return lastOf(node.exprName);
  return undefined;
}

const lastOf = (name) => (ts.isQualifiedName(name) ? name.right : name);

/** Whether a member is said something about in what its class extends or implements. */
function isInherited(checker, member) {
  const { parent } = member;
  const clauses = (ts.isClassDeclaration(parent) && parent.heritageClauses) || [];
  return clauses
    .flatMap(({ types }) => types)
    .some((type) => {
      const inherited = checker.getTypeAtLocation(type).getProperty(member.name.getText());
      return inherited?.declarations?.some(
        (declared) => !isOurs(declared) || ts.getJSDocCommentsAndTags(declared).length > 0,
      );
    });
}

/** Whether a member tells only which of several shapes it is: `readonly type: "hit"`. */
function isTag(member) {
  if (!ts.isPropertySignature(member) || member.type === undefined) return false;
  const types = ts.isUnionTypeNode(member.type) ? member.type.types : [member.type];
  return member.name.getText() === "type" && types.every(ts.isLiteralTypeNode);
}

/** The members of a declaration that nobody says anything about. */
function* bareIn(checker, declaration, name) {
  const stack = [[declaration, name]];
  while (stack.length > 0) {
    const [node, path] = stack.pop();
    if (isPrivate(node)) continue;
    const isMember = ts.isPropertySignature(node) || ts.isMethodSignature(node);
    const isOfClass = ts.isPropertyDeclaration(node) || ts.isMethodDeclaration(node);
    const inner = node.name && (isMember || isOfClass) ? `${path}.${node.name.getText()}` : path;
    const isBare = (isMember || isOfClass) && ts.getJSDocCommentsAndTags(node).length === 0;
    if (isBare && !isTag(node) && !isInherited(checker, node)) yield inner;
    ts.forEachChild(node, (child) => void stack.push([child, inner]));
  }
}
