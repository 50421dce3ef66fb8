/**
 * The last second of the year 9999, since the epoch: RFC 3339 has no later one, and ISO 8601 writes it otherwise.
 * `1e400` is valid JSON, too, and would be read as never.
 */
export const LAST_SECOND = 253_402_300_799;
