import { cacheLife, cacheTag } from "next/cache";
import { connection } from "next/server";

let made = 0;

async function load() {
  "use cache";
  cacheLife("hours");
  cacheTag("value");
  made += 1;
  return `made as ${made}`;
}

export async function GET() {
  // Not when it is built.
  await connection();
  const value = await load();
  return Response.json({ value, source: globalThis.source });
}
