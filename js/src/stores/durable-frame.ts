/** The messages between store and object: a head in JSON, then the records as they are. */

/** A request or a response. */
export interface Frame {
  readonly result: unknown;
  /** Undefined or null for a missing record. */
  readonly records: readonly (Uint8Array | undefined | null)[];
}

/** Encodes a frame: the length of the head, the head, the records. */
export function encodeFrame({ result, records }: Frame): Uint8Array {
  const lengths = records.map((record) => record?.length ?? -1);
  const head = new TextEncoder().encode(JSON.stringify({ result, lengths }));
  const total = records.reduce((sum, record) => sum + (record?.length ?? 0), 4 + head.length);
  const bytes = new Uint8Array(total);
  new DataView(bytes.buffer).setUint32(0, head.length);
  bytes.set(head, 4);
  let at = 4 + head.length;
  for (const record of records) {
    if (record === undefined || record === null) continue;
    bytes.set(record, at);
    at += record.length;
  }
  return bytes;
}

/**
 * Decodes a frame.
 * @throws RangeError or SyntaxError if the bytes are none
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 4 + view.getUint32(0);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at)));
  const records = (head.lengths as number[]).map((length) => {
    if (length < 0) return undefined;
    const record = bytes.slice(at, at + length);
    at += length;
    return record;
  });
  return { result: head.result, records };
}
