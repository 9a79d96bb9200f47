import fc from 'fast-check';
import { editDistance } from './edit-distance.js';

/** The recursive definition. */
function byDefinition(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length;
  return Math.min(
    byDefinition(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1),
    byDefinition(a.slice(1), b) + 1,
    byDefinition(a, b.slice(1)) + 1,
  );
}

test.each([
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
  ['abc', '', 3],
  ['same', 'same', 0],
])('%s to %s takes %i edits', (a, b, edits) => {
  expect(editDistance([...a], [...b])).toBe(edits);
});

test('equals the recursive definition', () => {
  const word = fc.string({ maxLength: 5, unit: fc.constantFrom('a', 'b') });
  fc.assert(fc.property(word, word, (a, b) => editDistance([...a], [...b]) === byDefinition(a, b)));
});
