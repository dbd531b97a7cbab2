/** Hosts that do not show scripts all fields of a request. */

let hides: boolean | undefined;

/** True in browsers, service workers included: scripts see no `Cookie` there, nor can they set it. */
export function hidesFields(): boolean {
  hides ??= !new Request("http://host.invalid/", { headers: { cookie: "a=b" } }).headers.has(
    "cookie",
  );
  return hides;
}
