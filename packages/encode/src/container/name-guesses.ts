import type { FlatReader } from './flat-reader.js';

/** Names compared with what has come of one; those beyond are not guessed. */
const MAX_GUESSES = 48;

/** Graphs are field 7 of a model, 6 of an attribute; in them nodes 1, tensors 5, values 11 to 13. */
const isGraph = (field: number): boolean => field === 7 || field === 6;

/**
 * Guesses the texts of a flat skeleton: a node reads the oldest result that nobody has read; results are numbered; tensors are in the order in
 * which nodes name them.
 */
export class NameGuesses {
  readonly #unread = new Set<string>();
  readonly #unmade = new Set<string>();
  readonly #made = new Set<string>();
  readonly #seen = new Set<string>();
  /** The last result of each name without its number. */
  readonly #stems = new Map<string, string>();
  #guesses: readonly string[] = [];
  #guess = 0;
  #text = '';

  /** How many results nobody has read, at most 3. */
  get unread(): number {
    return Math.min(3, this.#unread.size);
  }

  /** How often the guess has changed in this text, at most 3. */
  get changes(): number {
    return Math.min(3, this.#guess);
  }

  /** The byte that a guess has next, 0 where it ends; -1: no guess. */
  get expected(): number {
    const guess = this.#guesses[this.#guess];
    if (guess === undefined) return -1;
    return this.#text.length < guess.length ? guess.charCodeAt(this.#text.length) : 0;
  }

  /** A text begins: the one whose tag `reader` has read. */
  begin(reader: FlatReader): void {
    this.#text = '';
    this.#guess = 0;
    this.#guesses = this.#guessesFor(reader);
  }

  /** The next byte of the text, not its end. */
  push(byte: number): void {
    this.#text += String.fromCharCode(byte);
    while (this.#guess < this.#guesses.length && !this.#guesses[this.#guess]!.startsWith(this.#text)) this.#guess++;
  }

  /** The text ends; `reader` still knows its tag. */
  end(reader: FlatReader): void {
    const text = this.#text;
    const field = reader.tag >> 3;
    switch (roleOf(reader)) {
      case 'node':
        if (field === 1) {
          if (!this.#unread.delete(text) && !this.#made.has(text)) this.#unmade.add(text);
          this.#touch(text);
        } else if (field === 2) {
          this.#unread.add(text);
          this.#made.add(text);
          const stem = stemOf(text);
          this.#stems.delete(stem);
          this.#stems.set(stem, text);
          if (this.#stems.size > MAX_GUESSES) this.#stems.delete(this.#stems.keys().next().value!);
          this.#touch(text);
        }
        break;
      case 'tensor':
        if (field === 8) this.#unmade.delete(text);
        break;
      case 'value':
        if (field === 1) {
          this.#unmade.delete(text);
          this.#unread.delete(text);
          this.#made.delete(text);
        }
        break;
      default:
    }
    this.#guesses = [];
  }

  #touch(text: string): void {
    this.#seen.delete(text);
    this.#seen.add(text);
    if (this.#seen.size > MAX_GUESSES) this.#seen.delete(this.#seen.values().next().value!);
  }

  #guessesFor(reader: FlatReader): string[] {
    const field = reader.tag >> 3;
    switch (roleOf(reader)) {
      case 'node':
        if (field === 1) return [...first(this.#unread), ...[...this.#seen].reverse()];
        if (field === 2) return [...this.#stems.values()].reverse().map(next);
        return [];
      case 'tensor':
        return field === 8 ? first(this.#unmade) : [];
      case 'value':
        return field === 1
          ? [...first(reader.level.field === 11 ? this.#unmade : this.#unread), ...first(this.#made)]
          : [];
      default:
        return [];
    }
  }
}

function roleOf(reader: FlatReader): 'node' | 'tensor' | 'value' | undefined {
  const { field } = reader.level;
  if (!isGraph(reader.path >> 5)) return undefined;
  if (field === 1) return 'node';
  if (field === 5) return 'tensor';
  return field >= 11 && field <= 13 ? 'value' : undefined;
}

function first(names: Iterable<string>): string[] {
  const list: string[] = [];
  for (const name of names) {
    if (list.length === MAX_GUESSES) break;
    list.push(name);
  }
  return list;
}

const stemOf = (name: string): string => name.replace(/_?\d+$/, '');

/** The name that follows `name` in a numbering. */
function next(name: string): string {
  const [digits] = /\d{1,9}$/.exec(name) ?? [''];
  return digits === '' ? `${name}_1` : name.slice(0, -digits.length) + String(Number(digits) + 1);
}
