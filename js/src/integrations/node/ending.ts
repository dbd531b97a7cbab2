/** Responses to requests that may change what is stored. */

import { fieldsGiven } from "./fields.js";
import type { NodeResponse } from "./types.js";

/** Properties that are true of a response that has ended. */
const OF_ENDED = ["headersSent", "writableEnded"] as const;

/**
 * Holds back the end of a response until the entries that it changed are no longer stored. For its
 * listener it has ended meanwhile: later calls behave as they do after the end.
 * @param change is given the fields that only `writeHead` was
 */
export function endAfter(
  response: NodeResponse,
  change: (fields: ReadonlyMap<string, readonly string[]>) => Promise<void>,
): void {
  const { end } = response;
  let isOpen = true;
  let fields = new Map<string, string[]>();
  const { writeHead } = response;
  response.writeHead = (...given: unknown[]) => {
    fields = fieldsGiven(given);
    return writeHead.apply(response, given);
  };
  response.on("close", () => {
    // Its client has left before the end: the change has been made all the same.
    if (isOpen && response.headersSent) change(fields).catch(() => {});
    isOpen = false;
  });
  response.end = (...given: unknown[]) => {
    if (!isOpen) return end.apply(response, given);
    isOpen = false;
    const resume = hold(response);
    const finish = () => resume(() => void end.apply(response, given));
    // What fails to be invalidated is told as an event: the answer goes out all the same.
    change(fields).then(finish, finish);
    return response;
  };
}

/** Has a response wait with what is called on it; returns what goes on, with its end first. */
function hold(response: NodeResponse): (finish: () => void) => void {
  const { end, write } = response;
  const later: (() => void)[] = [];
  response.end = (...given: unknown[]) => {
    later.push(() => void end.apply(response, given));
    return response;
  };
  response.write = (...given: unknown[]) => {
    later.push(() => void write.apply(response, given));
    return false;
  };
  for (const name of OF_ENDED) {
    Object.defineProperty(response, name, { value: true, configurable: true });
  }
  return (finish) => {
    response.end = end;
    response.write = write;
    for (const name of OF_ENDED) Reflect.deleteProperty(response, name);
    finish();
    for (const call of later) call();
  };
}
