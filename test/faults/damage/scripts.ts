/** Shell functions that spoil files of a server's volume, in whose directory they run; files keep their owner. */
export const damageFunctions = `
  newest_of() { # that of the greater version: bytes 8 to 15
    v1=$(od -An -tu8 -j8 -N8 pgraft/raft/metadata1 2>/dev/null || echo 0)
    v2=$(od -An -tu8 -j8 -N8 pgraft/raft/metadata2 2>/dev/null || echo 0)
    if [ "\${v1:-0}" -gt "\${v2:-0}" ]; then echo 1; else echo 2; fi
  }
  newest() { echo "pgraft/raft/metadata$(newest_of)"; }
  older() { echo "pgraft/raft/metadata$((3 - $(newest_of)))"; }
  opened() { ls pgraft/raft/open-*; }
  closed() { ls pgraft/raft/[0-9]*-[0-9]*; }
  snapshot() { ls pgraft/raft/snapshot-* | grep -v meta | tail -n 1; }
  wal() { # the newest that has a record
    for f in $(ls -r 17/main/pg_wal/ | grep -E '^[0-9A-F]{24}$'); do
      if pg_waldump --limit 1 "17/main/pg_wal/$f" >/dev/null 2>&1; then echo "17/main/pg_wal/$f"; return; fi
    done
  }
  history() { ls 17/main/pg_wal/*.history | tail -n 1; }
  cut() { for f in "$@"; do truncate -s $(($(stat -c %s "$f") / 2)) "$f"; done; }
  empty() { for f in "$@"; do truncate -s 0 "$f"; done; }
  flip() { # <file> [offset of the byte, else the middle one]
    at=\${2:-$(($(stat -c %s "$1") / 2))}
    byte=$(($(od -An -tu1 -j"$at" -N1 "$1") ^ 1))
    printf "\\\\$(printf %o "$byte")" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
  }
  put() { # <file> <text>
    printf '%s\\n' "$2" > "$1"; chown --reference=pgraft "$1"
  }`;
