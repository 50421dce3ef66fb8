import { orderKeys } from '../../lib/adapters/state/seal/index.js';

/** What every fake core signs with, as the nodes of one fleet do. */
export const signing = { orderKeys: orderKeys(['a secret of 32 bytes for the tests']) };

/** What somebody signs with who has another secret. */
export const strangers = { orderKeys: orderKeys(['another secret, of who is none of us']) };
