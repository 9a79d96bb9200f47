import { GossamerError } from '../../../errors.js';
import { type CharacterTest, foldCase, not, ranges } from './character-sets.js';
import { readBrackets, readEscape } from './regex-brackets.js';
import { PatternReader } from './pattern-reader.js';

/** Places between characters. */
export type Assertion = 'start' | 'end' | 'line-start' | 'line-end' | 'boundary' | 'inside';

/** What a pattern is made of. Greed makes no difference to whether all of a text matches, nor do groups. */
export type Regex =
  | { readonly kind: 'set'; readonly test: CharacterTest }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'sequence'; readonly items: readonly Regex[] }
  | { readonly kind: 'choice'; readonly items: readonly Regex[] }
  | { readonly kind: 'repeat'; readonly item: Regex; readonly least: number; readonly most: number };

/** Flags in force: i (any case), m (lines), s (the dot takes line ends), U (no difference here). */
interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
}

/** As in RE2. */
const MAX_DEPTH = 1000;
const MAX_REPEAT = 1000;

const NEWLINE = 0x0a;

/** Reads a pattern in RE2 syntax; ERR_EVAL_VALUE for what RE2 refuses, ERR_EVAL_OP for \C (single bytes), which text does not have. */
export function parseRegex(pattern: string): Regex {
  return new Parser(new PatternReader(pattern)).parse();
}

class Parser {
  #flags: Flags = { i: false, m: false, s: false };
  #depth = 0;

  constructor(private readonly reader: PatternReader) {}

  parse(): Regex {
    const regex = this.#choice();
    if (!this.reader.done) this.reader.refuse(')', 'no open group');
    return regex;
  }

  #choice(): Regex {
    if (++this.#depth > MAX_DEPTH) this.reader.refuse('(', `groups nest deeper than ${MAX_DEPTH}`);
    const items = [this.#sequence()];
    while (this.reader.take('|')) items.push(this.#sequence());
    this.#depth--;
    return items.length === 1 ? items[0]! : { kind: 'choice', items };
  }

  #sequence(): Regex {
    const items: Regex[] = [];
    while (!this.reader.done && !this.reader.sees('|') && !this.reader.sees(')')) {
      const found = this.#items();
      items.push(...found.slice(0, -1));
      for (const last of found.slice(-1)) items.push(this.#repeated(last));
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  /** An item with the repetition after it, if any; a second one is an error, as in RE2. */
  #repeated(item: Regex): Regex {
    this.reader.take('\\Q\\E');
    const range = this.#repetition();
    if (!range) return item;
    const [least, most] = range;
    if (least > most || least > MAX_REPEAT || (most !== Infinity && most > MAX_REPEAT)) {
      this.reader.refuse(`{${least},${most}}`, `counts in order, up to ${MAX_REPEAT}`);
    }
    this.reader.take('?');
    const at = this.reader.rest.slice(0, 1);
    if (this.#repetition()) this.reader.refuse(at, 'two repetitions in a row');
    return { kind: 'repeat', item, least, most };
  }

  #repetition(): readonly [number, number] | undefined {
    if (this.reader.take('*')) return [0, Infinity];
    if (this.reader.take('+')) return [1, Infinity];
    if (this.reader.take('?')) return [0, 1];
    const [, least, comma, most] = this.reader.match(/\{(\d+)(,)?(\d+)?\}/y) ?? [];
    if (least === undefined || (comma === undefined && most !== undefined)) return undefined;
    return [Number(least), comma === undefined ? Number(least) : most === undefined ? Infinity : Number(most)];
  }

  /** What comes next: one item, none for flags, one a character for quoted text. */
  #items(): Regex[] {
    const [quoted, text = ''] = this.reader.match(/\\Q([^]*?)(?:\\E|$)/y) ?? [];
    if (quoted !== undefined) return Array.from(text, (character) => this.#literal(character.codePointAt(0)!));
    const item = this.reader.take('(') ? this.#group() : this.#single();
    return item ? [item] : [];
  }

  #single(): Regex {
    const reader: PatternReader = this.reader;
    const start = reader.rest.slice(0, 2);
    if (reader.take('[')) return this.#set(readBrackets(reader, this.#folded));
    if (reader.take('.')) return this.#set(this.#flags.s ? () => true : not(ranges(NEWLINE, NEWLINE)));
    if (reader.take('^')) return { kind: 'assert', what: this.#flags.m ? 'line-start' : 'start' };
    if (reader.take('$')) return { kind: 'assert', what: this.#flags.m ? 'line-end' : 'end' };
    if (this.#repetition()) reader.refuse(start.charAt(0), 'something to repeat before it');
    if (start.startsWith('\\')) return this.#escape(start);
    return this.#literal(reader.next());
  }

  readonly #folded = (test: CharacterTest): CharacterTest => (this.#flags.i ? foldCase(test) : test);

  #set(test: CharacterTest): Regex {
    return { kind: 'set', test };
  }

  #literal(code: number): Regex {
    return this.#set(this.#folded(ranges(code, code)));
  }

  #escape(start: string): Regex {
    const assertions: Readonly<Record<string, Assertion>> = { A: 'start', z: 'end', b: 'boundary', B: 'inside' };
    const letter = start.charAt(1);
    if (Object.hasOwn(assertions, letter)) {
      this.reader.match(/\\./y);
      return { kind: 'assert', what: assertions[letter]! };
    }
    if (letter === 'C') {
      throw new GossamerError('ERR_EVAL_OP', 'pattern: expected characters, received \\C, which is a byte');
    }
    const set = readEscape(this.reader, this.#folded);
    return typeof set === 'number' ? this.#literal(set) : this.#set(set);
  }

  /** What follows an open parenthesis. */
  #group(): Regex | undefined {
    const reader: PatternReader = this.reader;
    const outer = this.#flags;
    const [, name] = reader.match(/\?P?<(\w+)>/y) ?? [];
    if (name === undefined && reader.sees('?')) {
      const [, on, off, end] = reader.match(/\?([imsU]*)(?:-([imsU]+))?([:)])/y) ?? [];
      if (on === undefined || end === undefined) reader.refuse(`(${reader.rest.slice(0, 3)}`, 'a group or flags');
      this.#flags = { ...outer, ...flags(on, true), ...flags(off ?? '', false) };
      if (end === ')') return undefined;
    }
    const inner = this.#choice();
    if (!reader.take(')')) reader.refuse('end', 'a closing )');
    this.#flags = outer;
    return inner;
  }
}

const flags = (letters: string, value: boolean): Partial<Flags> =>
  Object.fromEntries(Array.from(letters, (letter) => [letter, value]));
