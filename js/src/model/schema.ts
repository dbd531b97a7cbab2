/** Validation of values read from a store. */

/**
 * The interface of Standard Schema (standardschema.dev) libraries: Zod, Valibot, ArkType and
 * others.
 */
export interface StandardSchema {
  readonly "~standard": {
    validate(value: unknown): SchemaResult | PromiseLike<SchemaResult>;
  };
}

/** The result of a Standard Schema. */
export type SchemaResult =
  | {
      /** The schema's output. */
      readonly value: unknown;
      /** Undefined: the value is valid. */
      readonly issues?: undefined;
    }
  | {
      /** The reasons why the value is invalid. */
      readonly issues: readonly object[];
    };

/** A predicate or a schema that checks a value. */
export type Validate = ((value: unknown) => boolean | PromiseLike<boolean>) | StandardSchema;
