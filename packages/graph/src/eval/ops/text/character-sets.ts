/** Whether a code point is in a set. */
export type CharacterTest = (code: number) => boolean;

/** A set of inclusive ranges, given as first and last in turn. */
export const ranges =
  (...bounds: readonly number[]): CharacterTest =>
  (code) => {
    for (let i = 0; i < bounds.length; i += 2) if (code >= bounds[i]! && code <= bounds[i + 1]!) return true;
    return false;
  };

export const not =
  (test: CharacterTest): CharacterTest =>
  (code) =>
    !test(code);

export const anyOf =
  (tests: readonly CharacterTest[]): CharacterTest =>
  (code) =>
    tests.some((test) => test(code));

/** The ranges of a text of characters and `a-z` spans. */
function spans(text: string): CharacterTest {
  const bounds: number[] = [];
  for (const [, first, last] of text.matchAll(/([^])-([^])|[^]/g)) {
    if (first !== undefined && last !== undefined) bounds.push(first.charCodeAt(0), last.charCodeAt(0));
  }
  const single = text.replaceAll(/[^]-[^]/g, '');
  for (const character of single) bounds.push(character.charCodeAt(0), character.charCodeAt(0));
  return ranges(...bounds);
}

const DIGIT = spans('0-9');
const SPACE = spans('\t\n\f\r ');
const WORD = spans('0-9A-Za-z_');

/** \d, \s and \w are ASCII; \s has no vertical tab. Source: RE2 syntax, https://github.com/google/re2/wiki/Syntax. */
const PERL: Readonly<Record<string, CharacterTest>> = { d: DIGIT, s: SPACE, w: WORD };

/** [:name:] inside brackets, ASCII. */
const POSIX: Readonly<Record<string, CharacterTest>> = {
  alnum: spans('0-9A-Za-z'),
  alpha: spans('A-Za-z'),
  ascii: ranges(0, 0x7f),
  blank: spans('\t '),
  cntrl: ranges(0, 0x1f, 0x7f, 0x7f),
  digit: DIGIT,
  graph: spans('!-~'),
  lower: spans('a-z'),
  print: spans(' -~'),
  punct: spans('!-/:-@[-`{-~'),
  space: spans('\t-\r '),
  upper: spans('A-Z'),
  word: WORD,
  xdigit: spans('0-9A-Fa-f'),
};

const find = (table: Readonly<Record<string, CharacterTest>>, name: string) =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** The set of `\d` and its like, by letter. */
export const perlSet = (letter: string): CharacterTest | undefined => find(PERL, letter);

/** The set of `[:alpha:]` and its like, by name. */
export const posixSet = (name: string): CharacterTest | undefined => find(POSIX, name);

/** A general category (`L`, `Lu`) or script (`Greek`) by its Unicode name; undefined for names RE2 does not know. */
export function unicodeSet(name: string): CharacterTest | undefined {
  if (name === 'Any') return () => true;
  // RE2's C has no unassigned code points.
  if (name === 'C') return anyOf(['Cc', 'Cf', 'Cs', 'Co'].map((part) => unicodeSet(part)!));
  const isCategory = /^(?:[LMNPSZ]|C[cfos]|L[lmotu]|M[cen]|N[dlo]|P[cdefios]|S[ckmo]|Z[lps])$/.test(name);
  if (!isCategory && !/^[A-Z][A-Za-z_]{2,}$/.test(name)) return undefined;
  try {
    const set = new RegExp(`^\\p{${isCategory ? name : `Script=${name}`}}$`, 'u');
    return (code) => set.test(String.fromCodePoint(code));
  } catch {
    return undefined;
  }
}

/** Code points above this one have no cases (Unicode 16). */
const LAST_CASED = 0x1f000;

let orbits: ReadonlyMap<number, readonly number[]> | undefined;

/** Simple case folding: the single lower-case letter of the single upper-case one. Dotted and dotless I fold to nothing else. */
function fold(code: number): number {
  if (code === 0x130 || code === 0x131) return code;
  const single = (text: string, otherwise: number) => {
    const first = text.codePointAt(0)!;
    return text.length === (first > 0xffff ? 2 : 1) ? first : otherwise;
  };
  const upper = single(String.fromCodePoint(code).toUpperCase(), code);
  return single(String.fromCodePoint(upper).toLowerCase(), upper);
}

/** All code points by what they fold to, for those that share it with another. Made once, when first needed. */
function makeOrbits(): Map<number, number[]> {
  const all = new Map<number, number[]>();
  for (let code = 0; code < LAST_CASED; code++) {
    const folded = fold(code);
    const known = all.get(folded);
    if (known) known.push(code);
    else all.set(folded, [code]);
  }
  for (const [folded, codes] of all) if (codes.length === 1) all.delete(folded);
  return all;
}

/** The set with all letters that differ from one of its own by case only. */
export const foldCase =
  (test: CharacterTest): CharacterTest =>
  (code) => {
    if (test(code)) return true;
    orbits ??= makeOrbits();
    return orbits.get(fold(code))?.some(test) ?? false;
  };
