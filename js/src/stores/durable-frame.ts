/** What store and object say to each other: JSON for what is small, and records as they are. */

/** A question or an answer. */
export interface Frame {
  readonly result: unknown;
  /** Undefined or null for a record that is not there. */
  readonly records: readonly (Uint8Array | undefined | null)[];
}

/** The bytes of a frame: the length of the head, the head, the records. */
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
 * The frame of bytes.
 * @throws RangeError or SyntaxError when they are none
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
