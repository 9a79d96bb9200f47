import { emptyEmitter } from '../testing/check-gradient.js';
import { checkLowering } from '../testing/check-lowering.js';
import { einsumLowering } from './einsum.js';

test.each([
  ['ij,jk->ik', [2, 3], [3, 4]],
  ['bij,bkj->bik', [2, 3, 4], [2, 2, 4]],
  ['ij,jk->ki', [2, 3], [3, 4]],
  ['i,j->ij', [2], [3]],
  ['i,i->', [3], [3]],
  ['i,i->i', [3], [3]],
  ['ij,kl->il', [2, 3], [2, 2]],
  ['...ij,...jk->...ik', [2, 3, 2], [2, 2, 3]],
  ['...i,ij', [2, 2, 3], [3, 4]],
  ['bhid,bhjd->bhij', [1, 2, 3, 2], [1, 2, 4, 2]],
  ['bqhd,bkhd->bhqk', [2, 2, 2, 3], [2, 3, 2, 3]],
  ['abc,cbd->dab', [2, 3, 2], [2, 3, 2]],
] as const)('%s', (equation, a, b) => {
  checkLowering({ a: { shape: a }, b: { shape: b } }, (g, { a, b }) => g.op('Einsum', [a, b], { equation }));
});

test.each([
  ['ij->ji', [2, 3]],
  ['ij->', [2, 3]],
  ['...i->...', [2, 3, 2]],
] as const)('one operand, %s', (equation, a) => {
  checkLowering({ a: { shape: a } }, (g, { a }) => g.op('Einsum', [a], { equation }));
});

test.each([
  ['ii->i', [[3, 3]]],
  [
    'ij,ij->ij',
    [
      [1, 3],
      [2, 3],
    ],
  ],
  ['i,i,i->', [[2], [2], [2]]],
] as const)('%s stays as it is', (equation, shapes) => {
  const g = emptyEmitter();
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, 'float32', shape));
  const { producer } = g.op('Einsum', inputs, { equation });
  expect(einsumLowering.lower(g, producer!, inputs)).toBeUndefined();
});
