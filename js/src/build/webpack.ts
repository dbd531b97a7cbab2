/** The entry `holdover/build/webpack`: builds a service worker with the list of a build's files. */

import {
  type BuiltFile,
  compilePluginOptions,
  type PrecachePluginOptions,
  withManifest,
} from "./manifest.js";

export type { PrecachePluginOptions } from "./manifest.js";

/** A plugin of webpack and Rspack. */
export interface PrecacheWebpackPlugin {
  /** Adds the plugin to a compiler. */
  apply(compiler: object): void;
}

interface Source {
  source(): string | Uint8Array;
}

/** The used part of a built file. */
interface Asset {
  readonly name: string;
  readonly source: Source;
  readonly info: { readonly immutable?: boolean | undefined };
}

interface Compilation {
  readonly outputOptions: { readonly publicPath?: unknown };
  readonly hooks: {
    readonly processAssets: {
      tapPromise(at: { name: string; stage: number }, run: () => Promise<void>): void;
    };
  };
  createChildCompiler(
    name: string,
    output: { filename: string },
    plugins: readonly object[],
  ): { runAsChild(done: (error: Error | null) => void): void };
  getAssets(): readonly Asset[];
  updateAsset(name: string, source: object): void;
}

interface Compiler {
  readonly context: string;
  readonly webpack: {
    readonly EntryPlugin: new (context: string, entry: string, options: object) => object;
    readonly webworker: { readonly WebWorkerTemplatePlugin: new () => object };
    readonly LoaderTargetPlugin: new (target: string) => object;
    readonly Compilation: { readonly PROCESS_ASSETS_STAGE_OPTIMIZE_TRANSFER: number };
    readonly sources: { readonly RawSource: new (text: string) => object };
  };
  readonly hooks: {
    readonly make: {
      tapPromise(name: string, run: (compilation: Compilation) => Promise<void>): void;
    };
    readonly thisCompilation: {
      tap(name: string, run: (compilation: Compilation) => void): void;
    };
  };
}

const NAME = "holdover-precache";

/**
 * Returns a plugin for webpack and Rspack that builds the service worker beside the pages, in one
 * file, and puts the list of all files in the place of `self.__HOLDOVER_PRECACHE`. Names with a
 * hash need no revision, other files have a digest of their content.
 *
 * @throws ConfigError naming the wrong option
 */
export function precachePlugin(options: PrecachePluginOptions): PrecacheWebpackPlugin {
  const compiled = compilePluginOptions(options);
  const { worker, fileName } = compiled;
  return {
    apply(given) {
      const compiler = given as Compiler;
      const { webpack, hooks, context } = compiler;
      hooks.make.tapPromise(NAME, (compilation) => {
        const child = compilation.createChildCompiler(NAME, { filename: fileName }, [
          new webpack.webworker.WebWorkerTemplatePlugin(),
          new webpack.LoaderTargetPlugin("webworker"),
          new webpack.EntryPlugin(context, worker, { name: NAME }),
        ]);
        return new Promise((resolve, reject) => {
          child.runAsChild((error) => (error ? reject(error) : resolve()));
        });
      });
      hooks.thisCompilation.tap(NAME, (compilation) => {
        // After names have their hashes, before files are compressed.
        const stage = webpack.Compilation.PROCESS_ASSETS_STAGE_OPTIMIZE_TRANSFER - 1;
        compilation.hooks.processAssets.tapPromise({ name: NAME, stage }, async () => {
          const assets = compilation.getAssets();
          const built = assets.find(({ name }) => name === fileName);
          if (built === undefined) return; // It did not compile, and webpack says why.
          const code = `${built.source.source()}`;
          const { publicPath } = compilation.outputOptions;
          const text = await withManifest(code, assets.map(builtFile), compiled, publicPath);
          compilation.updateAsset(fileName, new webpack.sources.RawSource(text));
        });
      });
    },
  };
}

function builtFile({ name, source, info }: Asset): BuiltFile {
  return { path: name, content: source.source(), isHashed: info.immutable === true };
}
