const LIMIT = 1 << 20;
/** The engine splits lines at 16 KiB, so that the output of so many is bounded. */
export const LINES = 1_000;

/** The last bytes of what is added, in whole pieces. */
function lastBytes(limit: number) {
  const pieces: Uint8Array[] = [];
  let length = 0;
  return {
    add(piece: Uint8Array): void {
      pieces.push(piece);
      length += piece.length;
      while (length > limit) length -= pieces.shift()?.length ?? length;
    },
    all: (): Uint8Array => Buffer.concat(pieces),
  };
}

const HEADER = 8;
const STREAMS: Readonly<Record<number, string>> = { 0: 'stdin', 1: 'stdout', 2: 'stderr' };
const LINE_END = 10;

/** One frame as a line of the file, which begins with the name of the stream. */
function lineOf(stream: number, payload: Buffer): Buffer {
  const end = payload.at(-1) === LINE_END ? '' : '\n';
  return Buffer.concat([Buffer.from(`${STREAMS[stream] ?? 'other'} `), payload, Buffer.from(end)]);
}

/**
 * Reads the output of a container to its end, or to where it breaks off.
 * @param options.framed whether stdout and stderr are apart, each piece behind a header of eight bytes: the stream's
 *   number, three zeros, and the length (https://docs.docker.com/reference/api/engine/version/v1.41/, "Attach to a
 *   container"); a terminal's output comes as it is
 * @returns the last of it, at most 1 MiB
 */
export async function readLogs(
  chunks: AsyncIterable<Uint8Array>,
  { framed }: { readonly framed: boolean },
): Promise<Uint8Array> {
  const last = lastBytes(LIMIT);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of chunks) {
      if (!framed) {
        last.add(chunk);
        continue;
      }
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= HEADER && rest.length >= HEADER + rest.readUInt32BE(4)) {
        const end = HEADER + rest.readUInt32BE(4);
        last.add(lineOf(rest[0] ?? 0, rest.subarray(HEADER, end)));
        rest = rest.subarray(end);
      }
      // No line is so long: these are no frames.
      if (rest.length > LIMIT) break;
    }
  } catch {
    // As far as it came.
  }
  return last.all();
}
