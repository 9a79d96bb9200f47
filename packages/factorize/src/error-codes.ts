/** Codes of the errors this package throws; each is explained where it is thrown. */
export type FactorizeErrorCode = 'ERR_FACTORIZE_OPTION' | 'ERR_FACTORIZE_DATA';
