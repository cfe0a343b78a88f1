# Redis.pm: given sentinels and a service it asks them on every reconnection.
use strict;
use warnings;
use IO::Handle;
use List::Util qw(max);
use Redis;
use Time::HiRes qw(clock_gettime usleep CLOCK_MONOTONIC);

my ($addresses, $name) = @ARGV;
STDOUT->autoflush(1);
my $stopped = 0;
$SIG{TERM} = sub { $stopped = 1 };

my ($writes, $errors, $last, $gap) = (0, 0, 0, 0);
my ($client, $accepted_at, $working);
for (my $number = 1; !$stopped; $number++) {
    my $done = eval {
        $client ||= Redis->new(
            sentinels     => [split /,/, $addresses],
            service       => $name,
            reconnect     => 1,
            every         => 100_000,
            cnx_timeout   => 0.5,
            read_timeout  => 1,
            write_timeout => 1,
        );
        $client->set("client:$$", $number);
        1;
    };
    if ($done) {
        my $now = clock_gettime(CLOCK_MONOTONIC);
        $gap = max($gap, $now - $accepted_at) if defined $accepted_at;
        $accepted_at = $now;
        $writes++;
        $last = $number;
        print "ok $number\n" unless defined $working && $working;
        $working = 1;
    } else {
        (my $text = $@) =~ s/\n/ /g;
        $errors++;
        print "err $text\n" unless defined $working && !$working;
        $working = 0;
    }
    usleep(20_000);
}
printf "summary writes=%d errors=%d last=%d gap_ms=%d\n", $writes, $errors, $last, $gap * 1000;
