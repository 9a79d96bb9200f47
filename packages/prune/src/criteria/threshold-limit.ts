/** Which weights are too small: below a number; below so many standard deviations of their layer's weights; or the smallest share of their layer. */
export type Threshold = { readonly absolute: number } | { readonly sigma: number } | { readonly quantile: number };
