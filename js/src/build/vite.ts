/** The entry `holdover/build/vite`: builds a service worker with the list of a build's files. */

import {
  type BuiltFile,
  compilePluginOptions,
  type PrecachePluginOptions,
  withManifest,
} from "./manifest.js";

export type { PrecachePluginOptions } from "./manifest.js";

/** The used part of Vite's configuration. */
export interface ViteConfigLike {
  readonly root: string;
  readonly base: string;
  readonly publicDir: string;
  readonly build: {
    readonly ssr?: boolean | string | undefined;
    readonly copyPublicDir?: boolean | undefined;
  };
}

/** The used part of a built file. */
export interface ViteFileLike {
  readonly type: "chunk" | "asset";
  readonly fileName: string;
  readonly isEntry?: boolean;
  readonly source?: string | Uint8Array;
  code?: string;
}

/** The patterns of names that Rollup and Rolldown build with. */
export interface ViteOutputLike {
  readonly entryFileNames?: unknown;
  readonly chunkFileNames?: unknown;
  readonly assetFileNames?: unknown;
}

/** A plugin of Vite. */
export interface PrecacheVitePlugin {
  /** The name of the plugin. */
  readonly name: string;
  /** Builds alone, not development. */
  readonly apply: "build";
  /** After other plugins, whose files it lists. */
  readonly enforce: "post";
  /** Takes part in the build of pages alone. */
  applyToEnvironment(environment: {
    /** The name of the environment: `"client"` for pages. */
    readonly name: string;
  }): boolean;
  /** Notes the configuration. */
  configResolved(config: ViteConfigLike): void;
  /** Adds the worker to the build. */
  buildStart(this: {
    /** Adds a file to the build. */
    emitFile(file: {
      type: "chunk";
      /** The path of the source. */
      id: string;
      /** The name in the output. */
      fileName: string;
    }): string;
  }): void;
  /** Puts the list into the worker. */
  readonly generateBundle: {
    /** After other plugins. */
    readonly order: "post";
    /** Puts the list into the worker's code. */
    handler(output: ViteOutputLike, bundle: Record<string, ViteFileLike>): Promise<void>;
  };
}

/**
 * Returns a plugin for Vite that builds the service worker beside the pages, as a module, and puts
 * the list of all files, also of the public folder, in the place of `self.__HOLDOVER_PRECACHE`.
 * Names with a hash need no revision, other files have a digest of their content. In development
 * there is no worker.
 *
 * @throws ConfigError naming the wrong option
 */
export function precachePlugin(options: PrecachePluginOptions): PrecacheVitePlugin {
  const compiled = compilePluginOptions(options);
  let config: ViteConfigLike | undefined;
  const isServer = () => Boolean(config?.build.ssr);
  return {
    name: "holdover-precache",
    apply: "build",
    enforce: "post",
    applyToEnvironment: ({ name }) => name === "client",
    configResolved(resolved) {
      config = resolved;
    },
    buildStart() {
      if (isServer()) return;
      const { worker, fileName } = compiled;
      const id = /^(?:\/|[a-z]:)/i.test(worker) ? worker : `${config?.root}/${worker}`;
      this.emitFile({ type: "chunk", id, fileName });
    },
    generateBundle: {
      order: "post",
      async handler(output, bundle) {
        const worker = bundle[compiled.fileName];
        if (isServer() || worker?.code === undefined) return;
        const built = Object.values(bundle).map((file) => builtFile(file, output));
        const files = [...built, ...(await publicFiles(config))];
        worker.code = await withManifest(worker.code, files, compiled, config?.base);
      },
    },
  };
}

function builtFile(file: ViteFileLike, output: ViteOutputLike): BuiltFile {
  const { fileName, type, isEntry, code, source } = file;
  const { entryFileNames, chunkFileNames, assetFileNames } = output;
  const pattern =
    type === "asset" ? assetFileNames : isEntry === true ? entryFileNames : chunkFileNames;
  const content = code ?? source ?? "";
  return { path: fileName, content, isHashed: isOfPattern(fileName, pattern) };
}

/** True if the name is made by a pattern that has a hash in it; false if that is not certain. */
function isOfPattern(name: string, pattern: unknown): boolean {
  if (typeof pattern !== "string" || !/\[hash(?::\d+)?\]/.test(pattern)) return false;
  const parts = pattern.split(/(\[\w+(?::\d+)?\])/).map((part) => {
    const hash = /^\[hash(?::(\d+))?\]$/.exec(part);
    if (hash !== null) return `[\\w-]{${hash[1] ?? 8}}`;
    if (/^\[\w+\]$/.test(part)) return ".*";
    return part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("")}$`).test(name);
}

async function publicFiles(config: ViteConfigLike | undefined): Promise<BuiltFile[]> {
  const { publicDir = "", build } = config ?? {};
  if (publicDir === "" || build?.copyPublicDir === false) return [];
  const { readdir, readFile } = await import("node:fs/promises");
  const all = await readdir(publicDir, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = all.filter((file) => file.isFile());
  return Promise.all(
    names.map(async ({ parentPath, path = "", name }) => {
      const file = `${parentPath ?? path}/${name}`;
      const content = await readFile(file);
      const below = file.slice(publicDir.length).replaceAll("\\", "/").replace(/^\/+/, "");
      return { path: below, content, isHashed: false };
    }),
  );
}
