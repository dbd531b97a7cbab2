/** The host function that keeps a request alive for background work. */

/** Keeps the host alive until the work is done, like `ctx.waitUntil` of a Worker. */
export type WaitUntil = (work: Promise<unknown>) => void;
