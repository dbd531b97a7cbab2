// The used part of Node's modules; none of it reaches the shipped declarations.

declare module "node:fs" {
  export function readFileSync(path: URL): Uint8Array<ArrayBuffer>;
  export function readFileSync(path: URL, encoding: "utf8"): string;
  export function statSync(path: string): { readonly size: number; isFile(): boolean };
  export function createReadStream(
    path: string,
    options: { readonly end: number; readonly highWaterMark: number },
  ): AsyncIterable<Uint8Array>;
}

declare module "node:process" {
  interface Output {
    readonly isTTY?: boolean;
    write(text: string): boolean;
    on(event: "error", listener: (error: { readonly code?: string }) => void): void;
  }
  const process: {
    readonly argv: readonly string[];
    readonly stdin: AsyncIterable<Uint8Array>;
    readonly stdout: Output;
    readonly stderr: Output;
    exitCode: number;
    exit(code: number): never;
  };
  export default process;
}

declare module "node:stream" {
  export const Readable: { from(pieces: AsyncIterable<Uint8Array>): unknown };
  export function pipeline(
    from: unknown,
    to: AsyncIterable<Uint8Array>,
    done: () => void,
  ): AsyncIterable<Uint8Array>;
}

declare module "node:zlib" {
  export function createGunzip(): AsyncIterable<Uint8Array>;
}
