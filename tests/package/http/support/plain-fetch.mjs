// What a `fetch` without a cache of its own would send: Node's adds fields for its cache modes.

import { once } from "node:events";
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true });

/** As much of `fetch` as http-cache-tests need, and the interim responses that came before. */
export async function plainFetch(url, { method = "GET", headers = [], body } = {}) {
  const fields = new Headers(headers);
  if (body !== undefined) fields.set("content-length", `${Buffer.byteLength(body)}`);
  const sent = request(url, { method, agent, headers: Object.fromEntries(fields) });
  const interim = [];
  sent.on("information", ({ statusCode: status, headers: given }) => {
    interim.push({ status, headers: given });
  });
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
    interim,
    text: async () => Buffer.concat(chunks).toString(),
  };
}
