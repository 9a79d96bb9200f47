import type { Tensor } from '@gossamer/graph';

/** Tensors by input name. */
export type Feeds = Readonly<Record<string, Tensor>>;

/** Tensors by output name. */
export type Outputs = Record<string, Tensor>;
