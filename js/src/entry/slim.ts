// Without the module's bytes: the application says where the core comes from.

import { expectSource, provide } from "../core/core.js";
import { ConfigError } from "../util/errors.js";
import { tagOf } from "../util/realms.js";

export * from "../index.js";

/**
 * A core that can be used at once: a `WebAssembly.Module`, or its bytes as an `ArrayBuffer` or a
 * view of one. (An `object` to the compiler, as not every host's declarations know `WebAssembly`.)
 */
export type ReadySource = object;

/** A core that has to be fetched or waited for first. */
export type PendingSource = Response | URL | PromiseLike<ReadySource | Response | URL>;

/**
 * Says where the core comes from; the first call wins.
 *
 * Until then every cached call goes straight to its origin. A module or bytes count at once and
 * are instantiated by the first call that needs them; anything else is fetched, compiled, and
 * counts when the returned promise resolves.
 *
 * @param source the compiled `holdover/core.wasm`, its bytes, a response with it, or its URL
 * @throws ConfigError when it is none of these; rejects when it cannot be fetched or compiled
 */
export function init(source: PendingSource): Promise<void>;
export function init(source: ReadySource): void;
export function init(source: ReadySource | PendingSource): Promise<void> | void {
  const core = asCore(source);
  if (core !== undefined) {
    provide(() => core);
    return;
  }
  if (!isPending(source)) throw unusable(source);
  const provided = fetched(source).then((awaited) => provide(() => awaited));
  expectSource(provided);
  return provided;
}

type Core = WebAssembly.Module | BufferSource;

/** Not a type guard: `WebAssembly.Module` is declared empty, so the rest would be taken for nothing. */
function asCore(source: object): Core | undefined {
  const tag = tagOf(source);
  const isCore =
    tag === "WebAssembly.Module" || tag === "ArrayBuffer" || ArrayBuffer.isView(source);
  return isCore ? (source as Core) : undefined;
}

function isPending(source: object | undefined): source is PendingSource {
  const isPromise = typeof (source as PromiseLike<unknown> | undefined)?.then === "function";
  return isPromise || isResponse(source) || isUrl(source);
}

const isResponse = (value: unknown): value is Response => tagOf(value) === "Response";

const isUrl = (value: unknown): value is URL => tagOf(value) === "URL";

async function fetched(source: PendingSource): Promise<Core> {
  const awaited = await source;
  const answer = isUrl(awaited) ? await readUrl(awaited) : awaited;
  const core = asCore(answer);
  if (core !== undefined) return core;
  if (!isResponse(answer)) throw unusable(answer);
  if (!answer.ok) {
    throw new Error(`core.wasm could not be fetched: ${answer.status} from ${answer.url}`);
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
