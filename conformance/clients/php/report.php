<?php
// The part of the contract (../README.md) that both PHP programs share: output and the stop signal.

final class Report
{
    public bool $stopped = false;
    public string $key;
    private int $writes = 0;
    private int $errors = 0;
    private int $last = 0;
    private float $gap = 0.0;
    private ?float $acceptedAt = null;
    private ?bool $working = null;

    public function __construct()
    {
        $this->key = 'client:' . getmypid();
        pcntl_async_signals(true);
        pcntl_signal(SIGTERM, function (): void {
            $this->stopped = true;
        }, false);
    }

    public function ok(int $number): void
    {
        $now = hrtime(true) / 1e6;
        if ($this->acceptedAt !== null) {
            $this->gap = max($this->gap, $now - $this->acceptedAt);
        }
        $this->acceptedAt = $now;
        $this->writes++;
        $this->last = $number;
        if ($this->working !== true) {
            $this->line("ok $number");
        }
        $this->working = true;
    }

    public function err(Throwable $error): void
    {
        $this->errors++;
        if ($this->working !== false) {
            $this->line('err ' . get_class($error) . ' ' . str_replace("\n", ' ', $error->getMessage()));
        }
        $this->working = false;
    }

    public function summary(): void
    {
        $this->line(sprintf('summary writes=%d errors=%d last=%d gap_ms=%d', $this->writes, $this->errors, $this->last, $this->gap));
    }

    private function line(string $text): void
    {
        fwrite(STDOUT, $text . "\n");
        fflush(STDOUT);
    }
}

/** @return array<int, array{0: string, 1: int}> host and port of each sentinel */
function sentinels(string $list): array
{
    return array_map(function (string $address): array {
        [$host, $port] = explode(':', $address);
        return [$host, (int) $port];
    }, explode(',', $list));
}
