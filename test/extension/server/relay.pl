# Listens on a port, forwards every connection to host:port, and keeps the first bytes that each client sent in a file of its own.
# Usage: perl relay.pl <listen port> <host> <port> <directory>
use strict;
use warnings;
use Socket;

my ($listen_port, $host, $port, $directory) = @ARGV;
my $kept_bytes = 4096;

$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = sub { exit 0 };
$| = 1;

socket(my $listener, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1);
bind($listener, sockaddr_in($listen_port, INADDR_ANY)) or die "bind: $!";
listen($listener, 16) or die "listen: $!";
print "listening\n";

for (my $number = 1; accept(my $client, $listener); $number++) {
  my $child = fork() // die "fork: $!";
  forward($client, "$directory/$number") if $child == 0;
  close $client;
}

sub forward {
  my ($client, $file) = @_;
  my $address = inet_aton($host) or exit 1;
  socket(my $server, PF_INET, SOCK_STREAM, 0) or exit 1;
  connect($server, sockaddr_in($port, $address)) or exit 1;
  open(my $record, '>:raw', $file) or exit 1;
  my $kept = 0;
  while (1) {
    my $ready = '';
    vec($ready, fileno($_), 1) = 1 for $client, $server;
    select($ready, undef, undef, undef);
    for my $pair ([$client, $server], [$server, $client]) {
      my ($from, $to) = @$pair;
      next unless vec($ready, fileno($from), 1);
      sysread($from, my $bytes, 65536) or exit 0;
      if ($from == $client && $kept < $kept_bytes) {
        syswrite($record, $bytes);
        $kept += length $bytes;
      }
      for (my $sent = 0; $sent < length $bytes;) {
        $sent += syswrite($to, $bytes, length($bytes) - $sent, $sent) // exit 0;
      }
    }
  }
}
