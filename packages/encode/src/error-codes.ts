/** Codes of the errors this package throws; each is explained where it is thrown. */
export type EncodeErrorCode = 'ERR_GSM_FORMAT' | 'ERR_GSM_CHECKSUM' | 'ERR_GSM_LIMIT' | 'ERR_ENCODE_OPTION';
