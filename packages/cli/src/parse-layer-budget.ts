import { InvalidArgumentError } from 'commander';

/** What factored layers may take: bytes of their weights, or multiply-accumulates. */
export interface LayerBudget {
  readonly of: 'bytes' | 'macs';
  /** In (0, 1]. */
  readonly share: number;
}

/** An option that is a share of what layers take: 50%, macs:40%. */
export function parseLayerBudget(value: string): LayerBudget {
  const [, of = 'bytes', percent] = /^(?:(bytes|macs):)?(\d*\.?\d+)%$/.exec(value.trim()) ?? [];
  const share = Number(percent) / 100;
  if (share > 0 && share <= 1) return { of: of as LayerBudget['of'], share };
  throw new InvalidArgumentError(
    `expected a share of the layers' bytes or macs, e.g. 50%, macs:40%, received ${value}`,
  );
}
