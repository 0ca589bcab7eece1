<?php
// Uploads one picture with PHP's curl: php upload.php PICTURE
declare(strict_types=1);

function sign(array $fields, string $signType): string
{
    $key = getenv('WXPAY_API_KEY');
    $kept = array_filter($fields, fn ($value, $name) => $value !== '' && $name !== 'sign', ARRAY_FILTER_USE_BOTH);
    ksort($kept, SORT_STRING);
    // Not http_build_query(), which URL-encodes: the values are signed raw.
    $string = implode('&', array_map(fn ($name, $value) => "$name=$value", array_keys($kept), $kept)) . "&key=$key";
    return strtoupper($signType === 'HMAC-SHA256' ? hash_hmac('sha256', $string, $key) : md5($string));
}

function fail(string $why): never
{
    fwrite(STDERR, "$why\n");
    exit(1);
}

// Read once: the hash and the body come from the same bytes.
$picture = file_get_contents($argv[1]) ?: fail("cannot read $argv[1]");
$kind = str_starts_with($picture, "\x89PNG") ? 'png' : 'jpeg';
$fields = [
    'mch_id' => getenv('WXPAY_MCH_ID'),
    'media_hash' => md5($picture),
    'sign_type' => 'HMAC-SHA256',
];
$fields['sign'] = sign($fields, 'HMAC-SHA256');
$fields['media'] = new CURLStringFile($picture, "picture.$kind", "image/$kind");

$curl = curl_init((getenv('WXPAY_ENDPOINT') ?: 'https://api.mch.weixin.qq.com') . '/secapi/mch/uploadmedia');
curl_setopt_array($curl, [
    // An array makes curl send multipart/form-data; a string would be sent as something else.
    CURLOPT_POSTFIELDS => $fields,
    CURLOPT_SSLCERT => getenv('WXPAY_CERT'),
    CURLOPT_SSLKEY => getenv('WXPAY_KEY'),
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 30,
] + (getenv('WXPAY_CA') ? [CURLOPT_CAINFO => getenv('WXPAY_CA')] : []));
$text = curl_exec($curl);
if ($text === false) {
    fail(curl_error($curl));
}

// No document type, so no entities; the values are CDATA.
$xml = str_contains($text, '<!DOCTYPE') ? false : simplexml_load_string($text, options: LIBXML_NOCDATA | LIBXML_NONET);
$reply = $xml === false ? [] : array_map(fn ($value) => (string) $value, iterator_to_array($xml));
if (($reply['return_code'] ?? '') !== 'SUCCESS' || ($reply['result_code'] ?? '') !== 'SUCCESS') {
    fail("refused: $text");
}
// The reply does not say what signed it: its length does. All of its fields are signed.
$given = $reply['sign'] ?? '';
if (!hash_equals(sign($reply, strlen($given) === 64 ? 'HMAC-SHA256' : 'MD5'), $given)) {
    fail('the reply is not signed by the gateway');
}
echo $reply['media_id'], "\n";
