import { checkGradient } from '../testing/check-gradient.js';

test.each([
  ['ij,jk->ik', [2, 3], [3, 4]],
  ['bij,bkj->bik', [2, 3, 4], [2, 2, 4]],
  ['ij,jk', [2, 3], [3, 4]],
  ['i,j->ij', [2], [3]],
  ['i,i->', [3], [3]],
  ['ij,jk->k', [2, 3], [3, 4]],
  ['ij,kl->il', [2, 3], [2, 2]],
  ['ii,ij->j', [3, 3], [3, 2]],
  ['iij,j->i', [2, 2, 3], [3]],
  ['...ij,...jk->...ik', [2, 1, 3, 2], [4, 2, 3]],
  ['...i,ij', [2, 3], [3, 4]],
  ['bhid,bhjd->bhij', [1, 2, 3, 2], [1, 2, 4, 2]],
  ['ij,ij->ij', [1, 3], [2, 1]],
  ['ij,ij->i', [2, 3], [2, 1]],
  ['...i,...i->i', [2, 3], [1, 3]],
] as const)('Einsum %s', (equation, a, b) => {
  checkGradient({ a: { shape: a }, b: { shape: b } }, (g, { a, b }) => g.op('Einsum', [a, b], { equation }));
});

test.each([
  ['ij->ji', [2, 3]],
  ['ij->', [2, 3]],
  ['ij->j', [2, 3]],
  ['ii->i', [3, 3]],
  ['ii', [3, 3]],
  ['iii->i', [2, 2, 2]],
  ['iji->j', [2, 3, 2]],
  ['...i->...', [2, 3, 2]],
] as const)('Einsum of one operand, %s', (equation, a) => {
  checkGradient({ a: { shape: a } }, (g, { a }) => g.op('Einsum', [a], { equation }));
});

test('Einsum of three operands', () => {
  const inputs = { a: { shape: [2, 3] }, b: { shape: [3, 4] }, c: { shape: [4, 2] } };
  checkGradient(inputs, (g, { a, b, c }) => g.op('Einsum', [a, b, c], { equation: 'ij,jk,kl->il' }));
});
