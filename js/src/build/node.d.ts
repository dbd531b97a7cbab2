/** The used part of Node's modules: the sources have no types of a host's. */
declare module "node:fs/promises" {
  export function readdir(
    path: string,
    options: { readonly recursive: true; readonly withFileTypes: true },
  ): Promise<
    readonly {
      readonly name: string;
      readonly parentPath?: string;
      readonly path?: string;
      isFile(): boolean;
    }[]
  >;
  export function readFile(path: string): Promise<Uint8Array>;
}
