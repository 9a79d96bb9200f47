/** Where a value of a top-level property stands in a text. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * `text`, the JSON of an object that has `key`, with the value of `key` replaced by the JSON `value`; every other character stays. Of a
 * repeated key the last counts, as for `JSON.parse`. The text must have been parsed before.
 */
export function replaceProperty(text: string, key: string, value: string): string {
  const span = findProperty(text, key);
  if (!span) throw new Error(`property ${key}: expected it in the text, received none`);
  return text.slice(0, span.start) + value + text.slice(span.end);
}

function findProperty(text: string, key: string): Span | undefined {
  let found: Span | undefined;
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text[at] === '"') {
    const keyEnd = skipString(text, at);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = skipValue(text, start);
    if (JSON.parse(text.slice(at, keyEnd)) === key) found = { start, end };
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return found;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return at;
}

/** The place after the string that begins at `from`. */
function skipString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** The place after the value that begins at `from`: brackets are counted, strings skipped. */
function skipValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const character = text[at]!;
    if (character === '"') at = skipString(text, at) - 1;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    else if (depth === 0 && (character === ',' || ' \n\r\t'.includes(character))) return at;
    if (depth < 0) return at;
    at++;
    const isClosed = depth === 0 && (character === '"' || character === '}' || character === ']');
    if (isClosed) return at;
  }
  return at;
}
