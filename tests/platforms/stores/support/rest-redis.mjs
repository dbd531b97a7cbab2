// Redis over HTTP, as @upstash/redis speaks it: a command is a JSON array, its answer may be base64.

import { once } from "node:events";
import { createServer } from "node:http";

const TOKEN = "secret";

/** Serves the commands of an ioredis client; gives the options for `new Redis(…)`. */
export async function startRest(client) {
  const server = createServer(async (request, response) => {
    const answer = await answerTo(client, request).catch((error) => ({ error: error.message }));
    response.statusCode = Array.isArray(answer) || answer.error === undefined ? 200 : 400;
    response.end(JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, token: TOKEN, stop };
}

async function answerTo(client, request) {
  if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new Error("WRONGPASS");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const asked = JSON.parse(Buffer.concat(chunks).toString());
  const isCoded = request.headers["upstash-encoding"] === "base64";
  const run = async ([command, ...args]) => {
    const result = await client.call(command, ...args.map(String));
    return { result: isCoded ? base64(result) : result };
  };
  if (request.url !== "/pipeline") return run(asked);
  const failed = ({ message }) => ({ error: message });
  return Promise.all(asked.map((command) => run(command).catch(failed)));
}

function base64(part) {
  if (Array.isArray(part)) return part.map(base64);
  return typeof part === "string" && part !== "OK" ? Buffer.from(part).toString("base64") : part;
}
