/** Compression of records, for stores that are slow or expensive. */

import { type ByteSize, byteSize } from "../memory/size.js";
import { CodecError } from "../util/errors.js";
import { readOptions } from "../util/options.js";
import { contents, envelope, isIn } from "./envelope.js";
import { type Sealing, sealed } from "./sealed.js";

export type { Sealing } from "./sealed.js";

/** Options of {@link compress}. */
export interface CompressOptions {
  /**
   * Records below this size are stored as they are: a number of bytes, or like `"4kb"`. Default
   * `"1kb"`.
   */
  readonly threshold?: ByteSize | undefined;
  /** The largest size of a decompressed record; a larger one is a miss. Default `"32mb"`. */
  readonly maxBytes?: ByteSize | undefined;
}

const MAGIC = "hc";
/** Bytes of the length before the record. */
const LENGTH = 4;

/**
 * Compresses records (DEFLATE, RFC 1951) above a threshold, if that makes them smaller. Without
 * `CompressionStream` on the host, records stay uncompressed.
 *
 * `createCache({ compress: compress() })`, or for one store, `compress()(store)`.
 *
 * @throws ConfigError for a wrong size, and an unknown option
 */
export function compress(options: CompressOptions = {}): Sealing {
  const given = readOptions(options, { of: "compress", known: ["threshold", "maxBytes"] });
  const threshold = byteSize(given.threshold ?? "1kb", { option: "threshold" });
  const maxBytes = byteSize(given.maxBytes ?? "32mb", { option: "maxBytes" });
  const seal = {
    close: async (_key: string, record: Uint8Array) => {
      if (record.length < threshold || record.length > maxBytes) return record;
      if (typeof CompressionStream === "undefined") return record;
      const deflated = await through(new CompressionStream("deflate-raw"), record, record.length);
      return deflated === undefined ? record : envelope(MAGIC, lengthOf(deflated), deflated);
    },
    open: async (_key: string, stored: Uint8Array) => {
      if (!isIn(MAGIC, stored)) return stored;
      const inner = contents(MAGIC, stored, LENGTH);
      const deflated = inner.subarray(LENGTH);
      // Not every host refuses bytes after the end of the stream.
      if (lengthOf(deflated).some((byte, index) => byte !== inner[index])) {
        throw new CodecError("a compressed record has the wrong length");
      }
      const record = await through(new DecompressionStream("deflate-raw"), deflated, maxBytes);
      if (record !== undefined) return record;
      throw new CodecError(`a record inflates to over ${maxBytes} bytes`);
    },
  };
  return (store) => sealed(store, seal);
}

function lengthOf(deflated: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  new DataView(bytes.buffer).setUint32(0, deflated.length);
  return bytes;
}

interface ByteStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<BufferSource>;
}

/** Returns the output of a stream; undefined if it exceeds `limit` bytes. */
async function through(
  stream: ByteStream,
  bytes: Uint8Array,
  limit: number,
): Promise<Uint8Array | undefined> {
  const writer = stream.writable.getWriter();
  // A failure shows in the reads.
  writer.write(Uint8Array.from(bytes)).catch(() => {});
  writer.close().catch(() => {});
  const reader = stream.readable.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    chunks.push(read.value);
    length += read.value.length;
    if (length <= limit) continue;
    reader.cancel().catch(() => {});
    return undefined;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
