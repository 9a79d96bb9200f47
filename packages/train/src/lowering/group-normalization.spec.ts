import { attribute } from '@gossamer/graph';
import { checkLowering } from '../testing/check-lowering.js';

const inputs = { x: { shape: [2, 4, 3] }, scale: { shape: [4] }, bias: { shape: [4] } };
const epsilon = attribute.float(0.01);

test.each([1, 2, 4])('GroupNormalization of %d groups', (groups) => {
  checkLowering(inputs, (g, { x, scale, bias }) =>
    g.op('GroupNormalization', [x, scale, bias], { num_groups: groups, epsilon }),
  );
});

test.each([[[2, 4, 3]], [[1, 4, 2, 2]]])('InstanceNormalization of %j', (shape) => {
  checkLowering({ ...inputs, x: { shape } }, (g, { x, scale, bias }) =>
    g.op('InstanceNormalization', [x, scale, bias], { epsilon }),
  );
});
