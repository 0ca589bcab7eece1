<?php
// The same uploads with PHP's curl: a handle is reused for each connection, and curl_multi runs several.

const MCH_ID = '1900000109';
const KEY = '192006250b4c09247ec02edce69f6a2d';

[, $origin, $folder, $pictures, $count, $concurrency] = $argv;
$pictures = explode(',', $pictures);

function canonical(array $params): string
{
    ksort($params, SORT_STRING);
    $text = '';
    foreach ($params as $name => $value) {
        $text .= "$name=$value&";
    }
    return $text . 'key=' . KEY;
}

function handle(string $origin, string $folder): CurlHandle
{
    $handle = curl_init("$origin/secapi/mch/uploadmedia");
    curl_setopt_array($handle, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CAINFO => "$folder/ca.pem",
        CURLOPT_SSLCERT => "$folder/client.pem",
        CURLOPT_SSLKEY => "$folder/client.key",
    ]);
    return $handle;
}

function prepare(CurlHandle $handle, string $picture): void
{
    $fields = [
        'mch_id' => MCH_ID,
        'media_hash' => md5_file($picture),
        'sign_type' => 'HMAC-SHA256',
    ];
    $fields['sign'] = strtoupper(hash_hmac('sha256', canonical($fields), KEY));
    $fields['media'] = new CURLFile($picture, 'image/png', 'picture.png');
    curl_setopt($handle, CURLOPT_POSTFIELDS, $fields);
}

function check(string|bool|null $reply): void
{
    $fields = [];
    foreach (simplexml_load_string($reply, null, LIBXML_NOCDATA) as $name => $value) {
        $fields[$name] = (string) $value;
    }
    $sign = $fields['sign'];
    unset($fields['sign']);
    if (strtoupper(md5(canonical($fields))) !== $sign || !$fields['media_id']) {
        fwrite(STDERR, "the reply is not signed as it should be: $reply\n");
        exit(1);
    }
}

if ($concurrency == 1) {
    $handle = handle($origin, $folder);
    for ($i = 0; $i < $count; $i++) {
        prepare($handle, $pictures[$i % count($pictures)]);
        check(curl_exec($handle));
    }
    exit(0);
}

$multi = curl_multi_init();
curl_multi_setopt($multi, CURLMOPT_MAXCONNECTS, (int) $concurrency);
$started = 0;
for (; $started < min($concurrency, $count); $started++) {
    $handle = handle($origin, $folder);
    prepare($handle, $pictures[$started % count($pictures)]);
    curl_multi_add_handle($multi, $handle);
}
$done = 0;
while ($done < $count) {
    curl_multi_exec($multi, $running);
    while ($message = curl_multi_info_read($multi)) {
        $handle = $message['handle'];
        check(curl_multi_getcontent($handle));
        $done++;
        curl_multi_remove_handle($multi, $handle);
        if ($started < $count) {
            prepare($handle, $pictures[$started++ % count($pictures)]);
            curl_multi_add_handle($multi, $handle);
        }
    }
    if ($done < $count) {
        curl_multi_select($multi, 0.05);
    }
}
