import { pick, type Random } from './random.js';

/** What a hostile or broken writer puts in place of a value. */
const JUNK: readonly unknown[] = [
  ...[
    null,
    true,
    -1,
    0,
    1,
    4,
    8,
    0.5,
    2 ** 31,
    2 ** 53,
    1e308,
    '',
    '-1',
    'F32',
    'I8',
    'U8',
    'I64',
    'BOOL',
    'F16',
    'F4',
    'float32',
    'int32',
    'bool',
    'string',
    'SAME',
    '__proto__',
  ],
  ...[
    [],
    {},
    [null],
    [0, 4],
    [8, 0],
    [[1, 2], 3],
    { list: {} },
    { i: '9007199254740991' },
    { dtype: 'uint8', scale: 1 },
  ],
];

/** A copy of a document with one to four places replaced, removed, renamed or exchanged. */
export function mutateJson(document: unknown, random: Random): unknown {
  const copy: unknown = structuredClone(document);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const places = placesIn(copy);
    if (places.length > 0) change(places, random);
  }
  return copy;
}

type Place = readonly [owner: Record<string, unknown>, key: string];

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const owner = value as Record<string, unknown>;
  return Object.keys(owner).flatMap((key): Place[] => [[owner, key], ...placesIn(owner[key])]);
}

function change(places: readonly Place[], random: Random): void {
  const [owner, key] = pick(places, random);
  const [from, other] = pick(places, random);
  const choice = random(6);
  if (choice < 2) set(owner, key, structuredClone(pick(JUNK, random)));
  else if (choice === 2) Reflect.deleteProperty(owner, key);
  else if (choice === 3) set(owner, key, structuredClone(from[other]));
  else if (choice === 4) set(owner, `${key}${random(3)}`, structuredClone(owner[key]));
  else if (typeof owner[key] === 'number') set(owner, key, owner[key] + pick([-1, 1, 2, 0.5], random));
}

/** Also where the key is one that assignment would take for something else. */
function set(owner: Record<string, unknown>, key: string, value: unknown): void {
  if (Array.isArray(owner)) owner.push(value);
  else Object.defineProperty(owner, key, { value, enumerable: true, configurable: true, writable: true });
}
