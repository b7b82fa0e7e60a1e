# Connections to a Raft port with bytes that are random, or nearly a greeting.
#
#   perl flood.pl <host> <port> <connections> <seed>
#
# At most 48 are open at a time; of these the one that is closed is any. Prints how many were made, and how many the server
# had accepted no more.
use strict;
use warnings;
use IO::Socket::INET;

my ($host, $port, $connections, $seed) = @ARGV;
my $most = 48;
srand $seed;
$SIG{PIPE} = 'IGNORE';

sub bytes { join '', map { chr int rand 256 } 1 .. $_[0] }

# What a member says first: a mark, the versions, which node it is and whom it calls; then its address.
sub greeting { 'PGFT' . pack('vvVV', 1, 1 + int rand 3, 1 + int rand 9, 1 + int rand 9) . "pgf-primary:$port" . "\0" x 480 }

sub changed {
    my $greeting = greeting();
    substr($greeting, int rand length $greeting, 1) = bytes(1) for 0 .. int rand 4;
    return $greeting;
}

my @manners = (
    sub { '' },
    sub { bytes(1 + int rand 2000) },
    sub { substr greeting(), 0, 1 + int rand 500 },
    sub { changed() },
    sub { greeting() . bytes(int rand 2000) },
    sub { "GET / HTTP/1.1\r\nHost: $host\r\n\r\n" },
    sub { pack('NN', 8, 80877103) },    # PostgreSQL's request for TLS
);
my ($made, $failed, @open) = (0, 0);
while ($made < $connections) {
    my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Proto => 'tcp', Timeout => 5);
    $made++;
    if (!$socket) { $failed++; next }
    my $said = $manners[int rand @manners]->();
    syswrite $socket, $said if length $said;
    push @open, $socket;
    close splice(@open, int rand @open, 1) if @open > $most;
}
print "$made $failed\n";
