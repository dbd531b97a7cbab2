/** Records told apart by a number, so that they need not be kept. */

const LOW = 0x01000193;
const HIGH = 0x85ebca6b;

/** A number of 53 bits that two records hardly share: FNV-1a, twice over. */
export function fingerprint(record: Uint8Array): number {
  let low = 0x811c9dc5;
  let high = record.length;
  for (let at = 0; at < record.length; at += 1) {
    const byte = record[at] as number;
    low = Math.imul(low ^ byte, LOW);
    high = Math.imul(high ^ byte, HIGH) ^ (high >>> 15);
  }
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}
