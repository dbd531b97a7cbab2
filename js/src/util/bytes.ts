/** Byte arrays: recognised, compared and concatenated. */

import { tagOf } from "./realms.js";

/**
 * Bytes over an `ArrayBuffer` of their own, as Web Crypto and `Response` require. Not written as
 * `Uint8Array<ArrayBuffer>`, which TypeScript before 5.7 does not know.
 */
export type OwnBytes = ReturnType<InstanceType<typeof TextEncoder>["encode"]>;

/** True if two arrays hold the same bytes. */
export function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** Concatenates arrays. */
export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** True for a `Uint8Array` of any realm. */
export function isBytes(value: unknown): value is Uint8Array {
  if (!ArrayBuffer.isView(value)) return false;
  return value instanceof Uint8Array || tagOf(value) === "Uint8Array";
}

/**
 * Returns the bytes of a module that travels as text, as `xtask/src/latin1.rs` writes it: a
 * character per byte, the first one in place of all zeros. The host's own decoder takes a third of
 * a millisecond, a loop that is not yet compiled two.
 */
export function bytesOf(text: string): OwnBytes {
  const all = text.replaceAll(text.charAt(0), "\0");
  const { Buffer } = globalThis as { Buffer?: HostBuffer };
  if (Buffer !== undefined) return Buffer.from(all, "latin1");
  const bytes = new Uint8Array(all.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = all.charCodeAt(at);
  return bytes;
}

/** Node, Deno and Bun. */
interface HostBuffer {
  from(text: string, encoding: "latin1"): OwnBytes;
}
