/** Hashes of keys, for eviction policies that remember keys without keeping them. */

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** Returns 32 bits that depend on every unit of a key (FNV-1a). */
export function keyHash(key: string): number {
  let hash = OFFSET;
  for (let at = 0; at < key.length; at += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(at), PRIME);
  }
  return hash >>> 0;
}
