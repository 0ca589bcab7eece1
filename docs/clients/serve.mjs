// Uploads one picture through `wxpay serve` with Node's own fetch: node serve.mjs PICTURE
import { readFileSync } from 'node:fs';

const { WXPAY_SERVE = 'http://127.0.0.1:8479', WXPAY_SERVE_TOKEN_FILE } = process.env;
const response = await fetch(`${WXPAY_SERVE}/v1/media`, {
  method: 'POST',
  headers: { Authorization: `Bearer ${readFileSync(WXPAY_SERVE_TOKEN_FILE, 'utf8').trim()}` },
  body: readFileSync(process.argv[2]),
  signal: AbortSignal.timeout(60_000),
});
const { media_id, error } = await response.json();
console[error ? 'error' : 'log'](error?.message ?? media_id);
process.exitCode = error ? 1 : 0;
