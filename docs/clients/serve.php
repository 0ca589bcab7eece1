<?php
// Uploads one picture through `wxpay serve` with PHP's curl: php serve.php PICTURE
declare(strict_types=1);

$curl = curl_init((getenv('WXPAY_SERVE') ?: 'http://127.0.0.1:8479') . '/v1/media');
$token = trim(file_get_contents(getenv('WXPAY_SERVE_TOKEN_FILE')));
curl_setopt_array($curl, [
    CURLOPT_POSTFIELDS => file_get_contents($argv[1]),
    CURLOPT_HTTPHEADER => ["Authorization: Bearer $token", 'Content-Type: application/octet-stream'],
    CURLOPT_NOPROXY => '*',
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 60,
]);
$answer = json_decode(curl_exec($curl) ?: '', true);
if (!isset($answer['media_id'])) {
    fwrite(STDERR, ($answer['error']['message'] ?? curl_error($curl)) . "\n");
    exit(1);
}
echo $answer['media_id'], "\n";
