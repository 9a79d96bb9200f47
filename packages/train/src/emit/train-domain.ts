/** Operator domain of the registered functions of training graphs; a function that a file defines in it is its body (see inlineFunctions). */
export const TRAIN_DOMAIN = 'gossamer.train';

/** Version of the standard operator set that training forms are written in. */
export const TRAINING_OPSET = 21;
