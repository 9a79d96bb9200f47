import { InvalidArgumentError } from 'commander';

/** `fc1=0.3,Gemm=0.4`: what dropout comes before, and its ratio. */
export function ratios(text: string): { readonly before: string; readonly ratio: number }[] {
  return text.split(',').map((item) => {
    const at = item.lastIndexOf('=');
    const ratio = Number(item.slice(at + 1));
    if (at > 0 && item.length > at + 1 && ratio >= 0 && ratio < 1) return { before: item.slice(0, at).trim(), ratio };
    throw new InvalidArgumentError(`expected node=ratio with ratios in [0, 1), received ${item}`);
  });
}
