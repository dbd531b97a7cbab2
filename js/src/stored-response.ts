/** A response as plain data: what requests may share. A `Response` and its stream they may not. */

/** A complete response. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The most body bytes that are kept; a longer body passes through. */
export const MAX_BODY: number = 10 * 1024 * 1024;

/** A complete response with its body. */
export class StoredResponse {
  readonly head: ResponseHead;
  /** Null for a response without a body. */
  readonly body: Uint8Array | null;

  constructor(head: ResponseHead, body: Uint8Array | null) {
    this.head = head;
    this.body = body;
  }

  /** A new response with these bytes, which the caller may read and change. */
  toResponse(): Response {
    const { status, statusText, headers } = this.head;
    const copy = headers.map(([name, value]) => [name, value] as [string, string]);
    return new Response(this.body as Uint8Array<ArrayBuffer> | null, {
      status,
      statusText,
      headers: copy,
    });
  }
}

/**
 * Reads a response to its end. One that is too long, or whose kind cannot be rebuilt, is given
 * back as a live response, whole; rejects when the body breaks off.
 */
export async function store(response: Response): Promise<StoredResponse | Response> {
  if (response.type === "opaque" || response.type === "opaqueredirect" || response.status === 0) {
    return response;
  }
  const { status, statusText, headers } = response;
  const head = { status, statusText, headers: [...headers] };
  if (response.body === null) return new StoredResponse(head, null);
  if (Number(headers.get("content-length")) > MAX_BODY) return response;
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    chunks.push(next.value);
    length += next.value.length;
    if (length > MAX_BODY) return new Response(goOn(chunks, reader), response);
  }
  return new StoredResponse(head, joined(chunks, length));
}

/** The chunks that were read, then the rest as it comes. */
function goOn(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
    },
    async pull(controller) {
      const next = await reader.read();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
