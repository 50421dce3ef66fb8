/** The response is larger than the limit. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
  readonly most: number;

  constructor(most: number) {
    super(`The answer has more than ${most} bytes`);
    this.most = most;
  }
}

/**
 * Reads the text of an untrusted response and never holds more than the limit. Bytes are counted as they are read, so
 * the limit also holds for a compressed response or a wrong Content-Length.
 * @param most bytes
 * @throws TooLargeError; the error of the stream if it breaks off
 */
export async function readLimitedText(response: Response, most: number): Promise<string> {
  if (Number(response.headers.get('content-length') ?? 0) > most) {
    await response.body?.cancel();
    throw new TooLargeError(most);
  }
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new TooLargeError(most);
    }
    text += decoder.decode(value, { stream: true });
  }
  return text + decoder.decode();
}
