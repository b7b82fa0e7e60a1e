# Connections to a member from several hosts of the loopback network that say too little, too slowly, or nonsense.
#
#   perl strangers.pl <port> <connections> <hosts> <manner>
#
#   scan      come and go without a byte
#   silent    stay, and say nothing
#   half      say half of a greeting, and stay
#   trickle   say a byte of a greeting every 100 ms
#   garbage   say 600 bytes that are none
#
# Prints how many the member has hung up on at once (within 1.2 s), how many later, and after how many milliseconds the last.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

my ($port, $connections, $hosts, $manner) = @ARGV;
my $hello = 'PGFT' . pack('vvVV', 1, 2, 9, $port - 7000) . "\0" x 496;
my $begun = time;
my @open = map {
    IO::Socket::INET->new(
        LocalAddr => '127.0.0.' . (2 + $_ % $hosts), PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp',
    ) or die "could not connect: $@";
} 0 .. $connections - 1;
if ($manner eq 'scan') {
    close $_ for @open;
    print "0 0 0\n";
    exit;
}
$SIG{PIPE} = 'IGNORE';
for my $socket (@open) {
    syswrite $socket, substr($hello, 0, 256) if $manner eq 'half';
    syswrite $socket, 'x' x 600 if $manner eq 'garbage';
}
my $waiting = IO::Select->new(@open);
my ($at_once, $later, $last, $said) = (0, 0, 0, 0);
while ($waiting->count && time - $begun < 10) {
    for my $socket ($waiting->can_read(0.1)) {
        next if sysread $socket, my $heard, 512;
        $last = int(1000 * (time - $begun));
        $last < 1200 ? $at_once++ : $later++;
        $waiting->remove($socket);
    }
    if ($manner eq 'trickle' && time - $begun > 0.1 * $said) {
        syswrite $_, substr($hello, $said, 1) for $waiting->handles;
        $said++;
    }
}
print "$at_once $later $last\n";
