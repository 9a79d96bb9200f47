import { GossamerError } from '../errors.js';

/**
 * One dimension of a shape: a number, a symbolic expression, or undefined (unknown).
 *
 * Equal expressions unify (`n + 1` is `n + 1`); an unknown dimension equals nothing, itself included.
 */
export type Dim = number | SymbolicDim | undefined;

/** Values for symbols, e.g. `{ n: 1 }`. */
export type DimBindings = Readonly<Record<string, number>>;

/** A factor of a monomial: a named symbol, or an opaque operation such as a floor division. */
interface Atom {
  readonly key: string;
  readonly evaluate: (bindings: DimBindings) => number | undefined;
  /** The atom is floor(dividend / divisor). */
  readonly quotient?: { readonly dividend: SymbolicDim; readonly divisor: number };
  /** The atom is a function of dimensions. A symbol of a file may be spelled like one, so the key does not tell. */
  readonly call?: { readonly name: string; readonly operands: readonly Dim[] };
}

interface Monomial {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
}

/** A polynomial over symbols with integer coefficients (n, 2n+1, n·h) in a canonical order; immutable. */
export class SymbolicDim {
  /** Canonical spelling: two expressions are equal exactly when their keys are. */
  readonly key: string;

  constructor(readonly terms: readonly Monomial[]) {
    this.key = terms.map(spell).join('+').replaceAll('+-', '-');
  }

  toString(): string {
    return this.key;
  }
}

function spell({ coefficient, atoms }: Monomial): string {
  const product = atoms.map((atom) => atom.key).join('*');
  if (product === '') return String(coefficient);
  if (coefficient === 1) return product;
  return coefficient === -1 ? `-${product}` : `${coefficient}*${product}`;
}

/** The dimension named `name`. */
export function symbol(name: string): SymbolicDim {
  const value = (bindings: DimBindings) => (Object.hasOwn(bindings, name) ? bindings[name] : undefined);
  return fromAtom({ key: name, evaluate: value });
}

function fromAtom(atom: Atom): SymbolicDim {
  return new SymbolicDim([{ coefficient: 1, atoms: [atom] }]);
}

const termsOf = (dim: number | SymbolicDim): readonly Monomial[] =>
  typeof dim === 'number' ? (dim === 0 ? [] : [{ coefficient: dim, atoms: [] }]) : dim.terms;

const keyOf = (term: Monomial): string => term.atoms.map((atom) => atom.key).join('*');

/** Collects like terms; the constant comes last, so that `n+1` reads as people write it. */
function normalise(terms: readonly Monomial[]): number | SymbolicDim {
  const collected = new Map<string, Monomial>();
  for (const term of terms) {
    const key = keyOf(term);
    const coefficient = (collected.get(key)?.coefficient ?? 0) + term.coefficient;
    if (!Number.isSafeInteger(coefficient)) {
      throw new GossamerError('ERR_DIM_OVERFLOW', `dimension: expected |value| < 2^53, received ${coefficient}`);
    }
    if (coefficient === 0) collected.delete(key);
    else collected.set(key, { coefficient, atoms: term.atoms });
  }
  const keys = [...collected.keys()].sort((a, b) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1));
  if (keys.length === 0) return 0;
  if (keys.length === 1 && keys[0] === '') return collected.get('')!.coefficient;
  return new SymbolicDim(keys.map((key) => collected.get(key)!));
}

/** a + b; unknown when either is. */
export function addDims(a: Dim, b: Dim): Dim {
  if (a === undefined || b === undefined) return undefined;
  return normalise([...termsOf(a), ...termsOf(b)]);
}

/** a - b; unknown when either is (equal symbols cancel). */
export function subtractDims(a: Dim, b: Dim): Dim {
  return addDims(a, multiplyDims(b, -1));
}

/** Most terms a product is worked out to: real sizes have a handful, while a few long sums multiplied have billions. */
const MAX_PRODUCT_TERMS = 1024;

/** a * b; 0 when either is 0, else unknown when either is, or when the product has over 1024 terms. */
export function multiplyDims(a: Dim, b: Dim): Dim {
  if (a === 0 || b === 0) return 0;
  if (a === undefined || b === undefined) return undefined;
  const [left, right] = [termsOf(a), termsOf(b)];
  if (left.length * right.length > MAX_PRODUCT_TERMS) return undefined;
  const product: Monomial[] = [];
  for (const x of left) {
    for (const y of right) {
      const atoms = [...x.atoms, ...y.atoms].sort((p, q) => (p.key < q.key ? -1 : p.key > q.key ? 1 : 0));
      product.push({ coefficient: x.coefficient * y.coefficient, atoms });
    }
  }
  return normalise(product);
}

/** floor(a / b) for b > 0, exact for polynomials that `b` divides; otherwise an opaque expression that still binds. */
export function floorDivideDims(a: Dim, b: number): Dim {
  if (!(Number.isSafeInteger(b) && b > 0)) {
    throw new GossamerError('ERR_DIM_DIVISOR', `divisor: expected an integer > 0, received ${b}`);
  }
  if (a === undefined || b === 1) return a;
  if (typeof a === 'number') return Math.floor(a / b);
  // (b*p + r) / b = p + floor(r / b): what divides comes out, so equal shapes keep one spelling, with r in [0, b).
  const whole = ({ coefficient }: Monomial): number => Math.floor(coefficient / b);
  const quotient = normalise(a.terms.map((term) => ({ ...term, coefficient: whole(term) })));
  const rest = normalise(a.terms.map((term) => ({ ...term, coefficient: term.coefficient - b * whole(term) })));
  if (typeof rest === 'number') return addDims(quotient, Math.floor(rest / b));
  const nested = flattened(rest, b);
  if (nested !== undefined) return addDims(quotient, nested);
  const evaluate = (bindings: DimBindings) => {
    const value = bindDim(rest, bindings);
    return typeof value === 'number' ? Math.floor(value / b) : undefined;
  };
  return addDims(
    quotient,
    fromAtom({ key: `floor((${rest.key})/${b})`, evaluate, quotient: { dividend: rest, divisor: b } }),
  );
}

/** floor((floor(p / a) + c) / b) as floor((p + a c) / (a b)): strides that follow one another become one. */
function flattened({ terms }: SymbolicDim, b: number): Dim {
  const [first, constant = { coefficient: 0, atoms: [] }] = terms;
  const inner = first?.coefficient === 1 && first.atoms.length === 1 ? first.atoms[0]?.quotient : undefined;
  if (!inner || terms.length > 2 || constant.atoms.length > 0) return undefined;
  const { dividend, divisor } = inner;
  if (!Number.isSafeInteger(divisor * b) || !Number.isSafeInteger(divisor * constant.coefficient)) return undefined;
  return floorDivideDims(addDims(dividend, divisor * constant.coefficient), divisor * b);
}

/** a / b when b divides a for every binding; undefined (unknown) when that cannot be shown. */
export function divideDims(a: Dim, b: Dim): Dim {
  if (a === undefined || b === undefined || b === 0) return undefined;
  if (typeof a === 'number' && typeof b === 'number') return a % b === 0 ? a / b : undefined;
  if (typeof b === 'number') {
    return termsOf(a).every((term) => term.coefficient % b === 0) ? floorDivideDims(a, b) : undefined;
  }
  if (b.terms.length !== 1) return equalDims(a, b) ? 1 : undefined;
  const divisor = b.terms[0]!;
  const quotient: Monomial[] = [];
  for (const term of termsOf(a)) {
    const atoms = [...term.atoms];
    for (const atom of divisor.atoms) {
      const at = atoms.findIndex((candidate) => candidate.key === atom.key);
      if (at < 0) return undefined;
      atoms.splice(at, 1);
    }
    if (term.coefficient % divisor.coefficient !== 0) return undefined;
    quotient.push({ coefficient: term.coefficient / divisor.coefficient, atoms });
  }
  return normalise(quotient);
}

/** True when the two are known to be equal; an unknown dimension equals nothing. */
export function equalDims(a: Dim, b: Dim): boolean {
  if (a === undefined || b === undefined) return false;
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.key === b.key;
}

/** Replaces symbols that `bindings` names; what stays unbound stays symbolic. */
export function bindDim(dim: Dim, bindings: DimBindings): Dim {
  if (dim === undefined || typeof dim === 'number') return dim;
  let sum: Dim = 0;
  for (const term of dim.terms) {
    let product: Dim = term.coefficient;
    for (const atom of term.atoms) product = multiplyDims(product, atom.evaluate(bindings) ?? fromAtom(atom));
    sum = addDims(sum, product);
  }
  return sum;
}
