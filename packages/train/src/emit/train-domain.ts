/** Operator domain of the registered functions of training graphs; in no file. */
export const TRAIN_DOMAIN = 'gossamer.train';

/** Version of the standard operator set that training forms are written in. */
export const TRAINING_OPSET = 21;
