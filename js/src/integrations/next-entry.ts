/** Entries of Next.js as bytes, and back: a line of JSON with all but the body, and the body. */

import { strictUtf8Text, utf8 } from "../util/utf8.js";

/** An entry of Next.js: times in seconds, but for `timestamp` in milliseconds. */
export interface NextCacheEntry {
  value: ReadableStream<Uint8Array>;
  tags: string[];
  stale: number;
  timestamp: number;
  expire: number;
  revalidate: number;
}

/** An entry whose body has been read. */
export interface StoredEntry extends Omit<NextCacheEntry, "value"> {
  readonly body: Uint8Array;
}

const LINE_END = 10;

/** Reads the body of an entry; rejects if it breaks off. */
export async function readBody({ value, ...head }: NextCacheEntry): Promise<StoredEntry> {
  const body = new Uint8Array(await new Response(value).arrayBuffer());
  return { ...head, body };
}

/** Returns an entry as bytes. */
export function packed({
  body,
  tags,
  stale,
  timestamp,
  expire,
  revalidate,
}: StoredEntry): Uint8Array {
  const head = utf8(JSON.stringify({ tags, stale, timestamp, expire, revalidate }));
  const bytes = new Uint8Array(head.length + 1 + body.length);
  bytes.set(head);
  bytes[head.length] = LINE_END;
  bytes.set(body, head.length + 1);
  return bytes;
}

/** Returns the entry of bytes; undefined for what is none. */
export function unpacked(bytes: unknown): NextCacheEntry | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  const end = bytes.indexOf(LINE_END);
  const head = headOf(bytes.subarray(0, end));
  if (head === undefined) return undefined;
  // A copy: whoever reads a stream may take the memory of its parts away.
  const body = bytes.slice(end + 1);
  const value = new ReadableStream<Uint8Array>({
    start: (controller) => {
      if (body.length > 0) controller.enqueue(body);
      controller.close();
    },
  });
  return { ...head, value };
}

function headOf(bytes: Uint8Array): Omit<NextCacheEntry, "value"> | undefined {
  try {
    const head = JSON.parse(strictUtf8Text(bytes)) as Partial<NextCacheEntry>;
    const { tags, stale, timestamp, expire, revalidate } = head;
    const areNumbers = [stale, timestamp, expire, revalidate].every(Number.isFinite);
    const areTags = Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
    return areNumbers && areTags ? (head as Omit<NextCacheEntry, "value">) : undefined;
  } catch {
    return undefined;
  }
}
