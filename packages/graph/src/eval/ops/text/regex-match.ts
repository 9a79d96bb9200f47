import { GossamerError } from '../../../errors.js';
import { type CharacterTest, perlSet } from './character-sets.js';
import { type Assertion, parseRegex, type Regex } from './regex-syntax.js';

/** States of one pattern: repetitions are written out, so counts multiply. */
const MAX_STATES = 100_000;

/** A state of the automaton; `next` is where it goes on, `other` a second way (of a fork). */
interface State {
  readonly test?: CharacterTest;
  readonly assertion?: Assertion;
  next: number;
  other: number;
}

/** No state. */
const NONE = -1;
/** The state that means the text has matched. */
const MATCHED = 0;

const NEWLINE = 0x0a;
const isWord = perlSet('w')!;

/** Writes a pattern as states, from its end to its start. */
class Automaton {
  readonly states: State[] = [{ next: NONE, other: NONE }];
  readonly start: number;
  #parts = 0;

  constructor(regex: Regex) {
    this.start = this.#add(regex, MATCHED);
  }

  #state(state: State): number {
    this.states.push(state);
    return this.states.length - 1;
  }

  /** The state where `regex` begins when `next` follows it. */
  #add(regex: Regex, next: number): number {
    if (++this.#parts > MAX_STATES) {
      throw new GossamerError(
        'ERR_EVAL_BUDGET',
        `pattern: expected at most ${MAX_STATES} states with repetitions written out, received more`,
      );
    }
    switch (regex.kind) {
      case 'set':
        return this.#state({ test: regex.test, next, other: NONE });
      case 'assert':
        return this.#state({ assertion: regex.what, next, other: NONE });
      case 'sequence':
        return regex.items.reduceRight((after, item) => this.#add(item, after), next);
      case 'choice':
        return regex.items
          .map((item) => this.#add(item, next))
          .reduce((other, first) => this.#state({ next: first, other }));
      case 'repeat':
        return this.#repeat(regex.item, regex.least, regex.most, next);
    }
  }

  #repeat(item: Regex, least: number, most: number, next: number): number {
    let start = next;
    if (most === Infinity) {
      start = this.#state({ next: NONE, other: next });
      this.states[start]!.next = this.#add(item, start);
    } else {
      for (let i = least; i < most; i++) start = this.#state({ next: this.#add(item, start), other: next });
    }
    for (let i = 0; i < least; i++) start = this.#add(item, start);
    return start;
  }
}

/** Whether an assertion holds between two characters (undefined: an end of the text). */
function holds(assertion: Assertion, before: number | undefined, after: number | undefined): boolean {
  const isBoundary = (before !== undefined && isWord(before)) !== (after !== undefined && isWord(after));
  switch (assertion) {
    case 'start':
      return before === undefined;
    case 'end':
      return after === undefined;
    case 'line-start':
      return before === undefined || before === NEWLINE;
    case 'line-end':
      return after === undefined || after === NEWLINE;
    case 'boundary':
      return isBoundary;
    case 'inside':
      return !isBoundary;
  }
}

/** The states an automaton can be in, moved over a text one character at a time. */
class Simulation {
  #current: number[] = [];
  readonly #seen: Int32Array;
  #round = 0;

  /** `charge` is told the states visited. */
  constructor(
    private readonly automaton: Automaton,
    private readonly charge: (steps: number) => void,
  ) {
    this.#seen = new Int32Array(automaton.states.length);
  }

  /** Whether all of `text` matches. */
  run(text: string): boolean {
    const codes = Array.from(text, (character) => character.codePointAt(0)!);
    this.#enter([this.automaton.start], undefined, codes[0]);
    for (let i = 0; i < codes.length && this.#current.length > 0; i++) {
      const moved: number[] = [];
      for (const index of this.#current) {
        const { test, next } = this.automaton.states[index]!;
        if (test?.(codes[i]!)) moved.push(next);
      }
      this.#enter(moved, codes[i], codes[i + 1]);
    }
    return this.#current.includes(MATCHED);
  }

  /** Makes `from` and all states reached from there without a character the current ones. */
  #enter(from: number[], before: number | undefined, after: number | undefined): void {
    this.#round++;
    this.#current = [];
    const pending = from;
    let visited = 1;
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (index === NONE || this.#seen[index] === this.#round) continue;
      this.#seen[index] = this.#round;
      visited++;
      const { test, assertion, next, other } = this.automaton.states[index]!;
      if (test || index === MATCHED) this.#current.push(index);
      else if (!assertion || holds(assertion, before, after)) pending.push(next, other);
    }
    this.charge(visited);
  }
}

/**
 * A function that says whether all of a text matches an RE2 pattern, in time proportional to the text times the pattern's states.
 * Source: Thompson, "Regular expression search algorithm", 1968.
 */
export function fullMatcher(pattern: string, charge: (steps: number) => void): (text: string) => boolean {
  const simulation = new Simulation(new Automaton(parseRegex(pattern)), charge);
  return (text) => simulation.run(text);
}
