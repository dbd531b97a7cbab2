import { revalidatePath, revalidateTag } from "next/cache";

export async function GET({ nextUrl: { searchParams } }) {
  const [tag, path] = ["tag", "path"].map((name) => searchParams.get(name));
  if (tag !== null) revalidateTag(tag, { expire: 0 });
  if (path !== null) revalidatePath(path);
  return new Response("revalidated");
}
