import { GossamerError } from '../../../errors.js';

/** Reads a pattern from left to right. */
export class PatternReader {
  #at = 0;

  constructor(private readonly pattern: string) {}

  get done(): boolean {
    return this.#at >= this.pattern.length;
  }

  /** What is left. */
  get rest(): string {
    return this.pattern.slice(this.#at);
  }

  /** Whether `text` comes next. */
  sees(text: string): boolean {
    return this.pattern.startsWith(text, this.#at);
  }

  /** Reads `text` if it comes next. */
  take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.#at += text.length;
    return true;
  }

  /** Reads what a sticky expression matches here. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.pattern);
    if (found) this.#at += found[0].length;
    return found ?? undefined;
  }

  /** Reads one character. */
  next(): number {
    const code = this.pattern.codePointAt(this.#at);
    if (code === undefined) this.refuse('end', 'a character');
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  /** Throws ERR_EVAL_VALUE: `what` is not RE2 syntax, `expected` would be. */
  refuse(what: string, expected: string): never {
    const message = `pattern ${JSON.stringify(this.pattern)}: expected RE2 syntax (${expected}), received ${what}`;
    throw new GossamerError('ERR_EVAL_VALUE', message);
  }
}
