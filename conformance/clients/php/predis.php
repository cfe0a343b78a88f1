<?php
// Predis: replication => sentinel. It asks the sentinels by itself once a connection is lost.
require 'Predis/Autoloader.php';
require __DIR__ . '/report.php';
Predis\Autoloader::register();

$parameters = array_map(fn (array $address) => "tcp://$address[0]:$address[1]?timeout=0.5&read_write_timeout=1", sentinels($argv[1]));
$client = new Predis\Client($parameters, [
    'replication' => 'sentinel',
    'service' => $argv[2],
    'parameters' => ['timeout' => 0.5, 'read_write_timeout' => 1],
]);
$connection = $client->getConnection();
$connection->setSentinelTimeout(0.5);
$connection->setUpdateSentinels(true);
$connection->setRetryWait(100);

$report = new Report();
for ($number = 1; !$report->stopped; $number++) {
    try {
        $client->set($report->key, (string) $number);
        if ($number % 25 === 0) {
            $client->get($report->key);
        }
        $report->ok($number);
    } catch (Predis\PredisException $error) {
        $report->err($error);
    }
    usleep(20000);
}
$report->summary();
