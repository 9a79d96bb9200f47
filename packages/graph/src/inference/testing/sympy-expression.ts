/** Functions that symbolic_shape_infer writes. */
const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = {
  floor: Math.floor,
  ceiling: Math.ceil,
  Max: Math.max,
  Min: Math.min,
  Mod: (a, b) => a - Math.floor(a / b!) * b!,
};

/** The value of an expression as sympy spells it (`floor(h/2 - 1/2) + 1`) for the given sizes; undefined when it has other names in it. */
export function evaluateSympy(text: string, sizes: ReadonlyMap<string, number>): number | undefined {
  // Names may hold dots: the longest first, each as one token.
  const names = [...sizes.keys()].sort((a, b) => b.length - a.length);
  const known = names.reduce((rest, name) => rest.replaceAll(name, `<${sizes.get(name)}>`), text);
  const tokens = known.match(/<\d+>|\d+|[A-Za-z_]\w*|\*\*|[-+*/(),]|\S/g) ?? [];
  const parser = new Parser(tokens);
  const value = parser.sum();
  return parser.isAtEnd && Number.isFinite(value) ? value : undefined;
}

/** Recursive descent; what it cannot read becomes NaN. */
class Parser {
  #at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  get isAtEnd(): boolean {
    return this.#at === this.tokens.length;
  }

  sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#take('+')) value += this.#product();
      else if (this.#take('-')) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#power();
    for (;;) {
      if (this.#take('*')) value *= this.#power();
      else if (this.#take('/')) value /= this.#power();
      else return value;
    }
  }

  #power(): number {
    if (this.#take('-')) return -this.#power();
    const base = this.#atom();
    return this.#take('**') ? base ** this.#power() : base;
  }

  #atom(): number {
    if (this.#take('(')) return this.#closed(this.sum());
    const token = this.tokens[this.#at++] ?? '';
    if (/^<?\d/.test(token)) return Number(token.replace(/[<>]/g, ''));
    const call = Object.hasOwn(FUNCTIONS, token) ? FUNCTIONS[token] : undefined;
    if (!call || !this.#take('(')) return NaN;
    const values = [this.sum()];
    while (this.#take(',')) values.push(this.sum());
    return this.#closed(call(...values));
  }

  #closed(value: number): number {
    return this.#take(')') ? value : NaN;
  }

  #take(token: string): boolean {
    if (this.tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }
}
