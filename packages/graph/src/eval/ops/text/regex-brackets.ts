import { anyOf, type CharacterTest, not, perlSet, posixSet, ranges, unicodeSet } from './character-sets.js';
import type { PatternReader } from './pattern-reader.js';

/** Widens a set to any case where that flag is on. */
export type Folding = (test: CharacterTest) => CharacterTest;

const LAST_CODE = 0x10ffff;
const LAST_ASCII = 0x7f;

/** Escapes of one letter that stand for a control character. */
const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** The set of `\d`, `\pN`, `\p{^Greek}` and their like, if one comes next. */
function readNamedSet(reader: PatternReader, folded: Folding): CharacterTest | undefined {
  const [, letter] = reader.match(/\\([dDsSwW])/y) ?? [];
  if (letter !== undefined) {
    const set = folded(perlSet(letter.toLowerCase())!);
    return letter === letter.toLowerCase() ? set : not(set);
  }
  const [whole, kind, sign, long, short] = reader.match(/\\([pP])(?:\{(\^?)([^}]*)\}|([A-Z]))/y) ?? [];
  if (whole === undefined) {
    if (/^\\[pP]/.test(reader.rest)) reader.refuse(reader.rest.slice(0, 3), 'a Unicode class');
    return undefined;
  }
  return unicode(reader, folded, whole, [kind, sign, long, short]);
}

function unicode(
  reader: PatternReader,
  folded: Folding,
  whole: string,
  [kind, sign, long, short]: readonly (string | undefined)[],
): CharacterTest {
  const set = unicodeSet(long ?? short ?? '');
  if (!set) reader.refuse(whole, 'a Unicode class');
  return (kind === 'P') === (sign === '^') ? folded(set) : not(folded(set));
}

/** An escape: the code point it stands for, or a set. */
export function readEscape(reader: PatternReader, folded: Folding): number | CharacterTest {
  const set = readNamedSet(reader, folded);
  if (set) return set;
  const [, octal] = reader.match(/\\(0[0-7]{0,2}|[1-7][0-7]{1,2})/y) ?? [];
  if (octal !== undefined) return Number.parseInt(octal, 8);
  const [, two, braced] = reader.match(/\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/y) ?? [];
  const hex = two ?? braced;
  if (hex !== undefined) {
    const code = Number.parseInt(hex, 16);
    if (code > LAST_CODE) reader.refuse(`\\x{${hex}}`, 'a code point');
    return code;
  }
  const [whole, letter] = reader.match(/\\([^])/y) ?? [];
  if (letter !== undefined && Object.hasOwn(CONTROLS, letter)) return CONTROLS[letter]!;
  // ASCII other than letters and digits stands for itself.
  if (letter === undefined || letter.charCodeAt(0) > LAST_ASCII || /[A-Za-z0-9]/.test(letter)) {
    reader.refuse(whole ?? 'a \\ at the end', 'a known escape');
  }
  return letter.charCodeAt(0);
}

/** One end of a range, or a character. */
function readEnd(reader: PatternReader, folded: Folding): number | CharacterTest {
  return reader.sees('\\') ? readEscape(reader, folded) : reader.next();
}

/** A `[:name:]`, if one comes next. */
function readPosix(reader: PatternReader, folded: Folding): CharacterTest | undefined {
  const [whole, sign, name = ''] = reader.match(/\[:(\^?)([a-z]*):\]/y) ?? [];
  if (whole === undefined) return undefined;
  const set = posixSet(name);
  if (!set) reader.refuse(whole, 'a class such as [:alpha:]');
  return sign === '^' ? not(folded(set)) : folded(set);
}

/** The set between brackets, after the open one. */
export function readBrackets(reader: PatternReader, folded: Folding): CharacterTest {
  const isNegated = reader.take('^');
  const sets: CharacterTest[] = [];
  for (let isFirst = true; isFirst || !reader.sees(']'); isFirst = false) {
    if (reader.done) reader.refuse('end', 'a closing ]');
    const named = readPosix(reader, folded);
    if (named) {
      sets.push(named);
      continue;
    }
    const first = readEnd(reader, folded);
    if (typeof first !== 'number') {
      sets.push(first);
      continue;
    }
    const isRange = reader.sees('-') && !reader.sees('-]') && reader.take('-');
    const last = isRange ? readEnd(reader, folded) : first;
    if (typeof last !== 'number' || last < first) reader.refuse(`${first}-${String(last)}`, 'a range in order');
    sets.push(folded(ranges(first, last)));
  }
  reader.take(']');
  return isNegated ? not(anyOf(sets)) : anyOf(sets);
}
