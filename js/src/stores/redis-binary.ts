/** Conversion of records for clients that carry bytes. */

import { isBytes } from "../util/bytes.js";
import type { Part } from "./redis-commands.js";

/** Every host with sockets has `Buffer`. */
function bufferOf(bytes: Uint8Array): Uint8Array {
  const { Buffer } = globalThis as unknown as {
    Buffer: { from(buffer: ArrayBufferLike, at: number, length: number): Uint8Array };
  };
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Converts records to arguments, and answers to records. */
export const binary: {
  toArgument(record: Uint8Array): Part;
  toRecord(part: unknown): Uint8Array | undefined;
} = {
  // A copy: clients send later, and the caller may change the bytes meanwhile.
  toArgument: (record: Uint8Array): Part => bufferOf(record.slice()),
  toRecord: (part: unknown): Uint8Array | undefined => (isBytes(part) ? part : undefined),
};
