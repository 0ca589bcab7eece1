// Uploads one picture with the package wechatpay-axios-plugin, which signs and checks by itself:
// node wechatpay-axios-plugin.cjs PICTURE MD5|HMAC-SHA256
const { readFileSync } = require('node:fs');
const { createHash } = require('node:crypto');
const { Agent } = require('node:https');
const { Decorator, Hash, Multipart } = require('wechatpay-axios-plugin');

const { WXPAY_MCH_ID: mchid, WXPAY_API_KEY: secret, WXPAY_ENDPOINT, WXPAY_CERT, WXPAY_KEY, WXPAY_CA } = process.env;
const merchant = { cert: readFileSync(WXPAY_CERT), key: readFileSync(WXPAY_KEY), ca: readFileSync(WXPAY_CA) };
const client = Decorator.xmlBased({ mchid, secret, merchant, baseURL: WXPAY_ENDPOINT });

const [path, signType] = process.argv.slice(2);
const picture = readFileSync(path);
const fields = { mch_id: mchid, media_hash: createHash('md5').update(picture).digest('hex'), sign_type: signType };
if (signType === 'MD5') delete fields.sign_type;
fields.sign = Hash.sign(signType, fields, secret);
const form = new Multipart();
for (const [name, value] of Object.entries(fields)) form.append(name, value);
form.append('media', picture, 'licence.jpg');
client.post('/secapi/mch/uploadmedia', form.getBuffer(), {
  headers: form.getHeaders(),
  httpsAgent: new Agent(merchant),
  // Its own would sign an object and write XML; the form is signed above, by its signer.
  transformRequest: (data) => data,
})
  .then(({ data }) => console.log(data.media_id))
  .catch((error) => { console.error(error.message, error.response && error.response.data); process.exitCode = 1; });
