/** Version of every JSON document. */
const SCHEMA_VERSION = 1;

/** A JSON document with its schema version, as it goes to stdout and into run folders. */
export function jsonText(document: object): string {
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...document }, toJson, 2)}\n`;
}

/** JSON has no Infinity and no NaN: equal outputs have an infinite ratio, which is written as a string. */
function toJson(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'bigint' ? value.toString() : value;
}
