// Uploads one picture with Node's own modules: node upload.mjs PICTURE
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const env = process.env;

function sign(fields, signType) {
  const pairs = Object.entries(fields).filter(([name, value]) => value !== '' && name !== 'sign');
  const string = pairs.map(([name, value]) => `${name}=${value}`).sort().join('&');
  const hash = signType === 'HMAC-SHA256' ? createHmac('sha256', env.WXPAY_API_KEY) : createHash('md5');
  return hash.update(`${string}&key=${env.WXPAY_API_KEY}`).digest('hex').toUpperCase();
}

// Read once: the hash and the body come from the same bytes.
const picture = readFileSync(process.argv[2]);
const fields = {
  mch_id: env.WXPAY_MCH_ID,
  media_hash: createHash('md5').update(picture).digest('hex'),
  sign_type: 'HMAC-SHA256',
};
fields.sign = sign(fields, 'HMAC-SHA256');

// By hand, because the form has to have a boundary without quotes and a Content-Length.
const kind = picture[0] === 0x89 ? 'png' : 'jpeg';
const boundary = randomBytes(16).toString('hex');
const part = (disposition) => `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`;
const body = Buffer.concat([
  Buffer.from(
    Object.entries(fields).map(([name, value]) => `${part(`name="${name}"`)}\r\n${value}\r\n`).join('')
      + `${part(`name="media"; filename="picture.${kind}"`)}Content-Type: image/${kind}\r\n\r\n`,
  ),
  picture,
  Buffer.from(`\r\n--${boundary}--\r\n`),
]);

const origin = env.WXPAY_ENDPOINT ?? 'https://api.mch.weixin.qq.com';
const text = await new Promise((resolve, reject) => {
  const call = request(`${origin}/secapi/mch/uploadmedia`, {
    method: 'POST',
    cert: readFileSync(env.WXPAY_CERT),
    key: readFileSync(env.WXPAY_KEY),
    ca: env.WXPAY_CA && readFileSync(env.WXPAY_CA),
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Content-Length': body.length },
    timeout: 30_000,
  }, async (reply) => {
    try {
      resolve(Buffer.concat(await reply.toArray()).toString());
    } catch (error) {
      reject(error);
    }
  });
  call.on('timeout', () => call.destroy(new Error('no reply within 30 seconds')));
  call.on('error', reject);
  call.end(body);
});

// The reply is one flat document; a name that comes twice is no reply of the gateway.
const reply = {};
for (const [, name, cdata, plain] of text.matchAll(/<(\w+)>(?:<!\[CDATA\[(.*?)\]\]>|([^<]*))<\/\1>/gs)) {
  if (name in reply) throw new Error(`two fields ${name} in the reply`);
  reply[name] = cdata ?? plain;
}
if (reply.return_code !== 'SUCCESS' || reply.result_code !== 'SUCCESS') {
  throw new Error(`refused: ${text}`);
}
// The reply does not say what signed it: its length does. All of its fields are signed.
const given = Buffer.from(reply.sign ?? '');
const right = Buffer.from(sign(reply, given.length === 64 ? 'HMAC-SHA256' : 'MD5'));
if (given.length !== right.length || !timingSafeEqual(given, right)) {
  throw new Error('the reply is not signed by the gateway');
}
console.log(reply.media_id);
