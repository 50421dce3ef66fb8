/**
 * The last second of the year 9999, since the epoch: RFC 3339 ends there. Rejects `1e400`, too, which is valid JSON and
 * would be read as Infinity.
 */
export const LAST_SECOND = 253_402_300_799;
