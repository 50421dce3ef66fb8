import { describe, expect, it } from 'vitest';
import { isLoopback, isSecureUrl, secureUrl } from '../../../lib/util/secure-url.js';

describe('a host', () => {
  it.each(['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]'])('is this machine: %s', host =>
    expect(isLoopback(host)).toBe(true),
  );
  it.each(['localhost.example', '128.0.0.1', '0.0.0.0', '::', 'a127.0.0.1'])(
    'is another machine, or every address: %s',
    host => expect(isLoopback(host)).toBe(false),
  );
});

describe('a URL', () => {
  it.each(['https://a.example/x?y#z', 'http://localhost:1/', 'http://127.0.0.1', 'http://[::1]:8787/x'])(
    'may carry secrets: %s',
    text => {
      expect(secureUrl(text)?.href).toBe(new URL(text).href);
      expect(isSecureUrl(text)).toBe(true);
    },
  );
  it.each([
    'http://a.example',
    'http://localhost.example',
    'https://u:p@a.example',
    'https://u@a.example',
    'ftp://127.0.0.1',
    'a.example',
    '',
  ])('may not carry secrets: %s', text => expect(isSecureUrl(text)).toBe(false));
});
