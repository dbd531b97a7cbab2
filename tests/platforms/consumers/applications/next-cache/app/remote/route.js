import { cacheLife, cacheTag } from "next/cache";
import { connection } from "next/server";

let made = 0;

async function load() {
  "use cache: remote";
  cacheLife("hours");
  cacheTag("remote");
  made += 1;
  return `made as ${made}`;
}

export async function GET() {
  // Not when it is built.
  await connection();
  const value = await load();
  return Response.json({ value, source: globalThis.source });
}
