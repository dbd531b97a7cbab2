// Where an application may say that a module comes from.

import { expectFor, type HeldModule, provideTo } from "../core/modules.js";
import { ConfigError } from "../util/errors.js";
import { tagOf } from "../util/realms.js";

/**
 * A module that can be used at once: a `WebAssembly.Module`, or its bytes as an `ArrayBuffer` or a
 * view of one. (An `object` to the compiler, as not every host's declarations know `WebAssembly`.)
 */
export type ReadySource = object;

/** A module that has to be fetched or waited for first. */
export type PendingSource = Response | URL | PromiseLike<ReadySource | Response | URL>;

/** Says where a module comes from; undefined where it counts at once. */
export function provideFrom(
  held: HeldModule,
  source: ReadySource | PendingSource,
): Promise<void> | undefined {
  const module = asModule(source);
  if (module !== undefined) {
    provideTo(held, () => module);
    return undefined;
  }
  if (!isPending(source)) throw unusable(source);
  const provided = fetched(source, held.name).then((awaited) => provideTo(held, () => awaited));
  expectFor(held, provided);
  return provided;
}

type Bytes = WebAssembly.Module | BufferSource;

/** Not a type guard: `WebAssembly.Module` is declared empty, so the rest would be taken for nothing. */
function asModule(source: object): Bytes | undefined {
  const tag = tagOf(source);
  const isModule =
    tag === "WebAssembly.Module" || tag === "ArrayBuffer" || ArrayBuffer.isView(source);
  return isModule ? (source as Bytes) : undefined;
}

function isPending(source: object | undefined): source is PendingSource {
  const isPromise = typeof (source as PromiseLike<unknown> | undefined)?.then === "function";
  return isPromise || isResponse(source) || isUrl(source);
}

const isResponse = (value: unknown): value is Response => tagOf(value) === "Response";

const isUrl = (value: unknown): value is URL => tagOf(value) === "URL";

async function fetched(source: PendingSource, name: string): Promise<Bytes> {
  const awaited = await source;
  const answer = isUrl(awaited) ? await readUrl(awaited) : awaited;
  const module = asModule(answer);
  if (module !== undefined) return module;
  if (!isResponse(answer)) throw unusable(answer);
  if (!answer.ok) {
    throw new Error(`${name}.wasm could not be fetched: ${answer.status} from ${answer.url}`);
  }
  return WebAssembly.compile(await answer.arrayBuffer());
}

/** Node's `fetch` knows no files, which is where `import.meta.resolve` finds the module there. */
function readUrl(url: URL): Promise<Response | Uint8Array> {
  const files = url.protocol === "file:" ? hostFiles() : undefined;
  return files === undefined ? fetch(url) : files.promises.readFile(url);
}

interface Files {
  readonly promises: { readFile(url: URL): Promise<Uint8Array> };
}

/** Node's module of files, from 20.16 on; Bun's `fetch` reads files, and so does Deno's. */
function hostFiles(): Files | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  };
  return process?.getBuiltinModule?.("fs") as Files | undefined;
}

function unusable(source: unknown): ConfigError {
  const allowed = "a module, bytes, a Response, a URL, or a promise of one";
  return new ConfigError("source", source, allowed);
}
