<?php
// phpredis: RedisSentinel only answers questions, so the program asks again whenever a write fails.
require __DIR__ . '/report.php';

/**
 * Asks each sentinel in turn, with every question the class has, as monitoring scripts written with it do.
 *
 * @param array<int, array{0: string, 1: int}> $sentinels
 */
function master(array $sentinels, string $name): Redis
{
    $problem = new RuntimeException('no sentinel answered');
    foreach ($sentinels as [$host, $port]) {
        try {
            $sentinel = new RedisSentinel($host, $port, 0.5, null, 0, 0.5);
            $address = $sentinel->getMasterAddrByName($name);
            $listed = array_column($sentinel->masters(), 'name');
            $shown = $sentinel->master($name);
            $replicas = $sentinel->slaves($name);
            $others = $sentinel->sentinels($name);
            if (!$sentinel->ping() || !$address || !in_array($name, $listed, true)) {
                throw new RuntimeException("sentinel $host:$port does not know $name");
            }
            if ((int) $shown['num-slaves'] < count($replicas) || (int) $shown['num-other-sentinels'] !== count($others)) {
                throw new RuntimeException("sentinel $host:$port counts what it does not list");
            }
            $client = new Redis();
            $client->connect($address[0], (int) $address[1], 0.5, null, 0, 1.0);
            return $client;
        } catch (Throwable $error) {
            $problem = $error;
        }
    }
    throw $problem;
}

$sentinels = sentinels($argv[1]);
$name = $argv[2];
$report = new Report();
$client = null;
for ($number = 1; !$report->stopped; $number++) {
    try {
        $client ??= master($sentinels, $name);
        if ($client->set($report->key, (string) $number) !== true) {
            throw new RuntimeException('write refused: ' . $client->getLastError());
        }
        $report->ok($number);
    } catch (Throwable $error) {
        $report->err($error);
        $client = null;
    }
    usleep(20000);
}
$report->summary();
