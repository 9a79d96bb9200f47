import { PIPELINES } from '@gossamer/graph/passes';
import { parsePasses } from './parse-passes.js';

test('--passes: pipelines and none by name, anything else is a list', () => {
  for (const name of [...Object.keys(PIPELINES), 'none']) expect(parsePasses(name)).toBe(name);
  expect(parsePasses('fuse-gelu,eliminate-dead-code')).toEqual(['fuse-gelu', 'eliminate-dead-code']);
  expect(parsePasses('everything')).toEqual(['everything']);
});
