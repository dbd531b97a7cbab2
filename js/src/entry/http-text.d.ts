/** `http.wasm` as text, a character per byte; the file is written by `cargo xtask build`. */
export declare const httpText: string;
