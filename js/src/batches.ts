/** Calls for many keys at once. */

import { perform } from "./api/perform.js";
import { type Wrapped, type Wrapping, wrappingOf } from "./api/wrap.js";
import { Batch } from "./engine/batch.js";
import type { Call } from "./engine/call.js";
import type { LoadContext } from "./model/loader.js";
import { type CompiledCall, compileCallOptions } from "./policy/policy.js";
import type { CallOptions } from "./policy/policy-options.js";
import { ConfigError } from "./util/errors.js";

/**
 * Calls a wrapped function for each list of arguments, in their order. The policy's `loadMany`
 * loads the missing entries in one call. Rejects if one of the calls would.
 * @throws ConfigError (by rejecting) for a `wrapped` that is no wrapped function, or lists that are
 * no array
 */
export async function many<Args extends readonly unknown[], Result>(
  this: unknown,
  wrapped: Wrapped<Args, Result>,
  argsList: readonly NoInfer<Args>[],
  options?: CallOptions,
): Promise<Result[]> {
  const wrapping = wrappingOf(wrapped);
  if (wrapping === undefined) throw new ConfigError("wrapped", wrapped, "what cache.wrap gave");
  const compiled = options === undefined ? undefined : compileCallOptions(options);
  const calls = callsOf(wrapping, this, checkedLists(argsList), compiled);
  const { cache } = wrapping;
  const values = async (keys: readonly string[]) => {
    const answers = calls.map((call, at) => cache.driver.call(withKey(call, keys[at] as string)));
    return (await Promise.all(answers)).map(({ value }) => value as Result);
  };
  const keys = calls.map(({ key }) => key);
  return perform(cache, "many", keys, values);
}

/** The same call, of another key if hooks have changed it. */
function withKey(call: Call, key: string): Call {
  return key === call.key ? call : { ...call, key };
}

/** Returns the calls of a batch; all keys are made before anything is loaded. */
function callsOf(
  wrapping: Wrapping<readonly unknown[], unknown>,
  self: unknown,
  lists: readonly (readonly unknown[])[],
  options: CompiledCall | undefined,
): Call[] {
  const batch = new Batch(self, wrapping.policy.rules.loadMany);
  return lists.map((list) => {
    const args = [...list];
    const call = wrapping.callOf(self, args, wrapping.keyOf(args), options, true);
    const load = (context: LoadContext) =>
      batch.load(call.args, context) ?? call.load(context, call);
    return { ...call, batch, load };
  });
}

function checkedLists<Args>(argsList: readonly Args[]): readonly Args[] {
  if (Array.isArray(argsList) && Array.from(argsList).every(Array.isArray)) return argsList;
  throw new ConfigError("argsList", argsList, "an array of argument lists, like [[1], [2]]", {
    subject: "what many was given",
  });
}
