// For the checks of the demo, an application needs none of it: each try tells the origin when it
// began and which earlier one was known to have failed by then. The origin alone cannot see that.

/** By address: when the latest of the tries that have failed had begun. */
const failed = new Map();

/** Fetches, and says in two headers what the worker knew. */
export async function telling(input, init) {
  const request = new Request(input, init);
  const { url } = request;
  const began = Date.now();
  request.headers.set("demo-began", `${began}`);
  request.headers.set("demo-failed", `${failed.get(url) ?? 0}`);
  const fail = () => failed.set(url, Math.max(began, failed.get(url) ?? 0));
  try {
    const response = await fetch(request);
    if (!response.ok) fail();
    return response;
  } catch (error) {
    fail();
    throw error;
  }
}
