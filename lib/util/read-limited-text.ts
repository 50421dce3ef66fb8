/** An answer has more bytes than are read of it. */
export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
  readonly most: number;

  constructor(most: number) {
    super(`The answer has more than ${most} bytes`);
    this.most = most;
  }
}

/**
 * The text of an answer from elsewhere, of which no more than so many bytes are ever held; counted as they are read,
 * so that it holds for an answer that is compressed or declares another length, too.
 * @throws TooLargeError; whatever breaks the reading off
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
