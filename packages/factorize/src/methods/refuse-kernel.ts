import type { WeightView } from '@gossamer/graph';

/** Why a method of convolution kernels has nothing for a layer. */
export function refuseKernel(view: WeightView, method: string): string | undefined {
  if (view.op !== 'Conv') return `${method} is of convolutions: svd factors products`;
  if (view.shape.slice(2).every((size) => size === 1))
    return `its kernel is one point: svd factors it as ${method} would`;
  return undefined;
}

/** The layer's strides. */
export function stridesOf({ node, shape }: WeightView): readonly number[] {
  return node.ints(
    'strides',
    shape.slice(2).map(() => 1),
  );
}
