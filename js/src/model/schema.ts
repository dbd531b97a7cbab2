/** Checks of what a store had, before it is used. */

/** What Standard Schema (standardschema.dev) libraries give: Zod, Valibot, ArkType and others. */
export interface StandardSchema {
  readonly "~standard": {
    validate(value: unknown): SchemaResult | PromiseLike<SchemaResult>;
  };
}

/** What a Standard Schema says of a value. */
export type SchemaResult =
  | {
      /** The value as the schema puts it out. */
      readonly value: unknown;
      /** None: the value is what it should be. */
      readonly issues?: undefined;
    }
  | {
      /** Why the value is not what it should be. */
      readonly issues: readonly object[];
    };

/** Whether a value is what it should be. */
export type Validate = ((value: unknown) => boolean | PromiseLike<boolean>) | StandardSchema;
