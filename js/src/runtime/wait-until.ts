/** How a host is asked to stay alive until work is done. */

/** Anchors work that outlives a request, like `ctx.waitUntil` of a Worker. */
export type WaitUntil = (work: Promise<unknown>) => void;
