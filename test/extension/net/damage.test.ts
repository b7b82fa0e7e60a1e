/** Files of a member's Raft state that somebody has cut off, changed or removed: it tells, and does not take part with what is left. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { leading, MemberGroup, type Member } from './member-group.js';

/** A member whose directory is as it was when it was killed. */
const saved = '/tmp/saved';

/** Shell functions over the files of a member, in whose directory they run. */
const functions = `
  newest() { # that of the greater version: bytes 8 to 15
    v1=$(od -An -tu8 -j8 -N8 raft/metadata1 2>/dev/null || echo 0)
    v2=$(od -An -tu8 -j8 -N8 raft/metadata2 2>/dev/null || echo 0)
    if [ "$v1" -gt "$v2" ]; then echo raft/metadata1; else echo raft/metadata2; fi
  }
  older() { if [ "$(newest)" = raft/metadata1 ]; then echo raft/metadata2; else echo raft/metadata1; fi; }
  cut() { truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }
  put() { # <byte> <file> <offset>
    printf "\\\\$(printf %o "$1")" | dd of="$2" bs=1 seek="$3" conv=notrunc status=none
  }
  flip() { # <file> <offset of the byte>
    put $(($(od -An -tu1 -j"$2" -N1 "$1") ^ 1)) "$1" "$2"
  }
  snapshots() { ls raft/snapshot-* | grep -v meta; }
  log() { ls raft | grep -E '^(open-|[0-9]{16}-)' | sed 's,^,raft/,'; }`;

const untrusted: readonly (readonly [string, string, RegExp])[] = [
  ['the newest metadata file is cut off', 'cut "$(newest)"', /its (vote|term)/],
  ['the newest metadata file is gone', 'rm "$(newest)"', /its (vote|term)/],
  ['its term has become an older one', 'put 1 "$(newest)" 16', /its term is 1, and was /],
  ['a bit of its vote has changed', 'flip "$(newest)" 24', /its vote/],
  ['a bit of its version has changed', 'flip "$(newest)" 8', /both at version|its (vote|term)/],
  ['a bit of its format has changed', 'flip "$(newest)" 0', /bad format/],
  ['a metadata file is longer than it was', 'echo more >> "$(newest)"', /has size/],
  ['both metadata files are gone', 'rm raft/metadata1 raft/metadata2', /is lost/],
  ['the log is gone', 'rm $(log)', /its log ends at 0/],
  ['the log is empty', 'for f in $(log); do : > "$f"; done', /its log ends at|damaged/],
  [
    'a bit of the log has changed',
    'for f in $(log); do [ ! -s "$f" ] || flip "$f" 24; done',
    /its log ends at|damaged/,
  ],
  ['the log is cut off', 'for f in $(log); do truncate -s 40 "$f"; done', /its log ends at|damaged/],
  ['what it has promised is gone', 'rm promised', /cannot be told from .*No such file/],
  ['what it has promised is cut off', 'cut promised', /cannot be told from .*damaged/],
  ['what it has promised has changed', 'flip promised 5; flip promised 110', /cannot be told from .*damaged/],
  ['the note of who it is has changed', 'flip formed 3', /"[^"]*formed" is damaged/],
  ['the note of who it is is empty', ': > formed', /"[^"]*formed" is damaged/],
];

/** Of all snapshots, or the member goes on with an older one and what the log has since. */
const untrustedSnapshots: readonly (readonly [string, string, RegExp])[] = [
  ['is cut off', 'for f in $(snapshots); do cut "$f"; done', /damaged|cannot be read/],
  ['has changed in a bit', 'for f in $(snapshots); do flip "$f" 40; done', /cannot be read/],
  ['is empty', 'for f in $(snapshots); do : > "$f"; done', /damaged|its log ends at/],
  ['is gone', 'rm $(snapshots)', /damaged|its log ends at/],
  ['has lost its metadata', 'rm raft/snapshot-*.meta', /damaged|its log ends at/],
  ['has metadata that is cut off', 'for f in raft/snapshot-*.meta; do cut "$f"; done', /damaged/],
  ['has metadata that has changed in a bit', 'for f in raft/snapshot-*.meta; do flip "$f" 40; done', /damaged/],
];

const harmless: readonly (readonly [string, string])[] = [
  ['the older metadata file is cut off', 'cut "$(older)"'],
  ['the older metadata file is gone', 'rm -f "$(older)"'],
  ['the newest line of what it has promised was not written whole', 'flip promised 5'],
  ['the other line was not', 'flip promised 110'],
  ['its term has become a newer one', 'put 9 "$(newest)" 17'],
];

describe('a member whose files were changed while it was down', () => {
  let group: MemberGroup;
  let leader: Member;
  let other: number;
  beforeAll(async () => {
    group = await MemberGroup.create(3);
    const [first, ...others] = await leaderFirst(group);
    leader = first;
    // one of them has voted for it
    const vote = (id: number) => group.run(`cd /tmp/data${id}; ${functions}\nod -An -tu8 -j24 -N8 "$(newest)"`);
    other = others.map(({ id }) => id).find((id) => Number(vote(id)) === first.id) ?? 0;
  });
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    if (task.result?.state !== 'fail') return;
    for (const { id, said } of group.members) console.error(`node ${id}:`, said);
    console.error(
      group.run(`cd /tmp/data${other}; ls -lR; cat promised; for f in raft/metadata*; do od -An -tu8 $f; done`),
      group.run(`cd ${saved}; cat promised formed; for f in raft/metadata*; do od -An -tu8 $f; done`),
    );
  });

  const damage = async (script: string) => damageFiles(group, other, script);

  it.each(untrusted)('takes no part when %s', async (_, script, why) => {
    const mend = await damage(script);
    await expect(group.start(other)).rejects.toThrow(givenUp(why));
    mend();
    await group.start(other);
    const { last } = await leader.status();
    await group.member(other).shows('the whole log', ({ applied }) => applied >= last);
  });

  it.each(harmless)('goes on when %s', async (_, script) => {
    await damage(script);
    await group.start(other);
    const { last } = await leader.status();
    await group.member(other).shows('the whole log', ({ applied }) => applied >= last);
  });

  it('goes on with the state of an older pgraft, which has kept no promises, and keeps them from then on', async () => {
    await damage("rm promised; sed -i '/^check=/d; /^promises=/d' formed");
    await group.start(other);
    await group.member(other).shows('its leader', ({ leader: id }) => id === leader.id);
    expect(group.file(other, 'formed')).toContain('promises=yes\n');
    await damage('cut "$(newest)"').then(async (mend) => {
      await expect(group.start(other)).rejects.toThrow(/its (vote|term)/);
      mend();
      await group.start(other);
    });
  });
});

describe('a member that was away for longer than the log is kept', () => {
  let group: MemberGroup;
  let id: number;
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') for (const { id, said } of group.members) console.error(`node ${id}:`, said);
  });

  it('has what the snapshot has, also after it was killed', async () => {
    group = await MemberGroup.create(3, undefined, ['SNAPSHOTS_OFTEN=yes']);
    const [leader, , away] = await leaderFirst(group);
    const { last: known } = await away.status();
    id = away.id;
    group.signal('KILL', [away]);
    const index = async (what: string): Promise<number> => {
      const { configuration } = await leader.status();
      leader.tell(`${what} 4`);
      const changed = await leader.shows(what, (s) => s.committed && s.configuration > configuration);
      return changed.snapshot;
    };
    // the entries behind a snapshot stay, too
    await eventually(
      'a snapshot that has replaced what the other lacks',
      async () => {
        await index('add');
        return index('remove');
      },
      (snapshot) => snapshot > known + 16,
      30_000,
    );
    const { last } = await leader.status();
    await group.start(away.id);
    await group.member(away.id).shows('the snapshot', ({ applied, snapshot }) => applied >= last && snapshot > known);
    group.signal('KILL', [group.member(away.id)]);
    await group.start(away.id);
    await group.member(away.id).shows('the same', ({ applied }) => applied >= last);
  });

  it.each(untrustedSnapshots)('takes no part when the snapshot %s', async (_, script, why) => {
    const mend = await damageFiles(group, id, script);
    await expect(group.start(id)).rejects.toThrow(givenUp(why));
    mend();
    await group.start(id);
    await group.member(id).shows('its leader', ({ leader }) => leader !== 0);
  });
});

/** Said as the reason for being added anew, and not only that for a worker that ends and begins again. */
function givenUp(why: RegExp): RegExp {
  return new RegExp(`lost: .*(?:${why.source})`);
}

/** Kill it, and do this to its files. @returns what puts them back */
async function damageFiles(group: MemberGroup, id: number, script: string): Promise<() => void> {
  group.signal('KILL', [group.member(id)]);
  await eventually('it to end', () => group.member(id).ended, Boolean, 10_000);
  group.run(`rm -rf ${saved}; cp -a /tmp/data${id} ${saved}; cd /tmp/data${id}; ${functions}\n${script}`);
  return () => {
    group.run(`rm -rf /tmp/data${id}; cp -a ${saved} /tmp/data${id}`);
  };
}

/** The leader, and the other two, all with the whole log. */
async function leaderFirst(group: MemberGroup): Promise<[Member, Member, Member]> {
  const look = async () => {
    const statuses = await Promise.all(group.members.map((member) => member.status()));
    return group.members[statuses.findIndex(({ role, barrier, term }) => role === leading && barrier === term)];
  };
  const leader = await eventually('a leader', look, (seen) => seen !== undefined, 15_000);
  if (leader === undefined) throw new Error('no leader');
  const { last } = await leader.status();
  const [one, other] = group.members.filter((member) => member !== leader);
  if (one === undefined || other === undefined) throw new Error('not three members');
  for (const member of [one, other]) await member.shows('the whole log', ({ applied }) => applied >= last);
  return [leader, one, other];
}
