/**
 * Subresource integrity (https://www.w3.org/TR/SRI/): `fetch` checks it of what the network
 * brings, the cache of what it answers with itself.
 */

import { rebuilt, remade } from "./live.js";

const ALGORITHMS = ["sha256", "sha384", "sha512"];

interface Hash {
  readonly algorithm: string;
  readonly digest: string;
}

/** True if this host can check digests. */
export const canCheck = (): boolean => globalThis.crypto?.subtle !== undefined;

/**
 * The response with the same bytes.
 * @throws TypeError when they are not what `metadata` says, as `fetch` does
 */
export async function checked(response: Response, metadata: string): Promise<Response> {
  const hashes = strongest(metadata);
  if (hashes.length === 0) return response;
  const body = new Uint8Array(await response.arrayBuffer());
  const [{ algorithm } = { algorithm: "" }] = hashes;
  const digest = await digestOf(algorithm, body);
  if (!hashes.some((hash) => hash.digest === digest)) {
    throw new TypeError("the stored response is not what `integrity` asks for");
  }
  return response.body === null ? rebuilt(response, null) : remade(response, body);
}

/** The hashes of the strongest algorithm; none when there are none that count. */
function strongest(metadata: string): Hash[] {
  const hashes: Hash[] = [];
  for (const item of metadata.split(/[\t\n\f\r ]+/)) {
    const [, algorithm, digest] = /^(sha\d+)-([A-Za-z0-9+/_-]+={0,2})(?:\?.*)?$/.exec(item) ?? [];
    if (algorithm === undefined || digest === undefined || !ALGORITHMS.includes(algorithm))
      continue;
    hashes.push({ algorithm, digest: digest.replace(/-/g, "+").replace(/_/g, "/") });
  }
  const rank = ({ algorithm }: Hash) => ALGORITHMS.indexOf(algorithm);
  const best = Math.max(...hashes.map(rank));
  return hashes.filter((hash) => rank(hash) === best);
}

async function digestOf(algorithm: string, bytes: Uint8Array): Promise<string> {
  const name = algorithm.replace("sha", "SHA-");
  const digest = await crypto.subtle.digest(name, bytes as Uint8Array<ArrayBuffer>);
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
