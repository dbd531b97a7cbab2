import assert from "node:assert/strict";
import { test } from "node:test";
import { readDeclarations } from "./declarations.mjs";

const { exported, hidden, bare } = readDeclarations();

/** Keys that are there only where the application's `lib` knows them; a type has no other way. */
const COMPUTED = ["AsyncDisposeSymbol", "DisposeSymbol", "KeepsSignatures"];

/** Parts of what others define, whose own documents say what it does; and a list of our classes. */
const FOREIGN = new Set([
  "AsyncStorage",
  "CacheKeyv",
  "CacheManager",
  "ErrorByCode",
  "HasStats",
  "KeyvCache",
  "KvList",
  "KvNamespace",
  "ManagedEntry",
  "ManagedWrap",
  "ManagerEvents",
  "MemcachedClient",
  "NextCacheEntry",
  "NextCacheHandler",
  "NodeRequest",
  "NodeResponse",
  "ObjectNamespace",
  "ObjectState",
  "RawValue",
  "ServiceWorkerEvents",
  "SqlStorage",
  "StandardSchema",
  "StructuredLibrary",
  "UnstorageDriver",
  "WrapOptions",
]);

test("the declarations were read", () => {
  assert.ok(exported.length > 100, `${exported.length} exports`);
  for (const name of ["CacheOptions", "createCache", "PolicyOptions"]) {
    assert.ok(
      exported.some((at) => at.endsWith(` ${name}`)),
      name,
    );
  }
});

test("each type that is named in a public signature is exported by some entry", () => {
  assert.deepEqual(hidden.sort(), COMPUTED);
});

test("each public member says what it is: units, defaults, errors", () => {
  const silent = bare.filter((path) => {
    const [owner] = path.split(" ").at(-1).split(".");
    return !FOREIGN.has(owner) && !owner.endsWith("Like");
  });
  assert.deepEqual(silent, []);
});
