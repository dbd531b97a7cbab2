/** Guards as the engine has them: a value of the policy's `guards` makes those of the policy. */

import { Guard } from "../policy/guard.js";
import type { CompiledGuards } from "../policy/guard-rules.js";
import type { Guards } from "./guards.js";

/** The values of `holdover/guards`: there are no other guards. */
export abstract class WorkingGuard extends Guard {
  /**
   * @internal Returns the guards of a policy at work.
   * @param name the name of the function
   * @param sharedName what state that instances share is called, unless its options say
   */
  abstract atWork(rules: CompiledGuards, name: string, sharedName: string): Guards;
}

/** Returns the guards of a policy at work. */
export function guardsOf(rules: CompiledGuards, name: string, sharedName: string): Guards {
  return (rules.maker as WorkingGuard).atWork(rules, name, sharedName);
}
