import { attribute, type PlainAttribute } from '@gossamer/graph';
import { checkGradient } from '../testing/check-gradient.js';

type Attributes = Record<string, PlainAttribute>;

test.each<[string, Attributes, number[]]>([
  ['nearest, twice as large', { coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }, [1, 1, 2, 3]],
  ['nearest', {}, [1, 1, 1.7, 0.6]],
  ['linear', { mode: 'linear' }, [1, 1, 2, 1.4]],
  ['linear, align_corners', { mode: 'linear', coordinate_transformation_mode: 'align_corners' }, [1, 1, 2, 1]],
  ['linear, antialiased', { mode: 'linear', antialias: 1 }, [1, 1, 0.6, 0.5]],
  ['cubic', { mode: 'cubic', exclude_outside: 1 }, [1, 2, 1.5, 0.5]],
])('Resize by scales, %s', (_, attributes, scales) => {
  checkGradient({ x: { shape: [1, 2, 4, 5] } }, (g, { x }) =>
    g.op('Resize', [x, undefined, g.constant(scales)], attributes),
  );
});

test('Resize to sizes of some axes', () => {
  checkGradient({ x: { shape: [1, 2, 4, 5] } }, (g, { x }) =>
    g.op('Resize', [x, undefined, undefined, g.int64([7, 6])], { mode: 'linear', axes: [-1, 2] }),
  );
});

test('Resize of a region that reaches beyond x, where a constant stands', () => {
  checkGradient({ x: { shape: [4, 5] } }, (g, { x }) =>
    g.op('Resize', [x, g.constant([0.2, -0.25, 1.25, 0.75]), undefined, g.int64([3, 6])], {
      mode: 'linear',
      coordinate_transformation_mode: 'tf_crop_and_resize',
      extrapolation_value: attribute.float(2),
    }),
  );
});

test('Resize that keeps the aspect ratio is refused', () => {
  const run = () =>
    checkGradient({ x: { shape: [4, 5] } }, (g, { x }) =>
      g.op('Resize', [x, undefined, undefined, g.int64([8, 8])], { keep_aspect_ratio_policy: 'not_larger' }),
    );
  expect(run).toThrow(expect.objectContaining({ code: 'ERR_NO_GRADIENT' }) as Error);
});
