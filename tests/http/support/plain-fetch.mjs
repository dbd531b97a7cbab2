// What a `fetch` without a cache of its own would send: Node's adds fields for its cache modes.

import { once } from "node:events";
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true });

/** As much of `fetch` as http-cache-tests need. */
export async function plainFetch(url, { method = "GET", headers = [], body } = {}) {
  const fields = new Headers(headers);
  if (body !== undefined) fields.set("content-length", `${Buffer.byteLength(body)}`);
  const sent = request(url, { method, agent, headers: Object.fromEntries(fields) });
  sent.end(body);
  const [response] = await once(sent, "response");
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode,
    statusText: response.statusMessage,
    headers: new Headers(
      Object.entries(response.headersDistinct).flatMap(([name, values]) =>
        values.map((value) => [name, value]),
      ),
    ),
    text: async () => Buffer.concat(chunks).toString(),
  };
}
