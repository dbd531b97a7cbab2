/** Records as clients take and give them that carry bytes. */

import { isBytes } from "../util/bytes.js";
import type { Part } from "./redis-commands.js";

/** These hosts have it: sockets need it. */
function bufferOf(bytes: Uint8Array): Uint8Array {
  const { Buffer } = globalThis as unknown as {
    Buffer: { from(buffer: ArrayBufferLike, at: number, length: number): Uint8Array };
  };
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** How records become arguments, and answers records. */
export const binary: {
  toArgument(record: Uint8Array): Part;
  toRecord(part: unknown): Uint8Array | undefined;
} = {
  // A copy: clients send later, and the caller may have changed its bytes by then.
  toArgument: (record: Uint8Array): Part => bufferOf(record.slice()),
  toRecord: (part: unknown): Uint8Array | undefined => (isBytes(part) ? part : undefined),
};
