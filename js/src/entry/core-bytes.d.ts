/** `core.wasm` in base64; the file is written by `cargo xtask build`. */
export declare const base64: string;
