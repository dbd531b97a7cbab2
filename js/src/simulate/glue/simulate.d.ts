// Generated from crates/simulate-wasm/ by `cargo xtask build`: change those files, not this one. Only
// `simulate.ts` may import it.

/** Instantiates the module anew, forgetting an instance that trapped. */
export declare function __reinit(module: WebAssembly.Module): void;

/**
 * Reads a command line, whose words are parted by NUL. Returns JSON: `help`, the text that it asks
 * for; or `logs`, the paths in it; or `error`.
 */
export declare function simulate_arguments(words: string, program: string): string;

/**
 * Begins the run of the command line that was read last; the log can be read only `once`. Returns
 * JSON, with an `error` if a policy is none.
 */
export declare function simulate_begin(once: boolean): string;

/**
 * Takes the next bytes of the log.
 */
export declare function simulate_push(bytes: Uint8Array | number[]): void;

/**
 * Ends the run. Returns JSON: `text`, the report as text or, if the command line or `as_json` wants
 * it, as JSON; or `error`.
 */
export declare function simulate_report(asJson: boolean): string;

/**
 * Ends the first of two readings. Returns JSON, with an `error` if a policy is none.
 */
export declare function simulate_rewind(): string;
