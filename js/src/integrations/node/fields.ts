/** The fields that a listener gives to `writeHead`: an object, a list of names and values, or pairs. */

/**
 * Returns the fields by name in lower case, each with all its values: of a name that comes twice
 * none is lost, as `Vary`, `Set-Cookie` and `Cache-Control` may.
 */
export function fieldsGiven(given: readonly unknown[]): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [name, value] of pairsOf(given.find(isObject))) {
    if (!name) continue;
    const key = `${name}`.toLowerCase();
    const values = [value].flat().map(String);
    fields.set(key, [...(fields.get(key) ?? []), ...values]);
  }
  return fields;
}

/** The arguments of `writeHead` besides fields. */
export const withoutFields = (given: readonly unknown[]): unknown[] =>
  given.filter((value) => !isObject(value));

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function pairsOf(fields: object | undefined): (readonly unknown[])[] {
  if (fields === undefined) return [];
  if (!Array.isArray(fields)) return Object.entries(fields);
  if (Array.isArray(fields[0])) return fields;
  const names = fields.filter((_, nth) => nth % 2 === 0);
  return names.map((name, nth) => [name, fields[2 * nth + 1]]);
}
